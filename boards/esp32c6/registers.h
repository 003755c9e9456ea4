// Registers of the ESP32-C6 that this board uses, named as in its technical reference manual, and what they are told.
#ifndef TIELINE_ESP32C6_REGISTERS_H
#define TIELINE_ESP32C6_REGISTERS_H

#include <stdint.h>

#define MMIO32(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BIT(n) (1u << (n))

// ---- Peripherals' bases -------------------------------------------------------------------------------------------

#define PLIC_MX 0x20001000u
#define UART0 0x60000000u
#define UART1 0x60001000u
#define SPI_MEM 0x60002000u
#define TIMG0 0x60008000u
#define SYSTIMER 0x6000a000u
#define USB_DEVICE 0x6000f000u
#define INTERRUPT_CORE0 0x60010000u
#define PCNT 0x60012000u
#define IO_MUX 0x60090000u
#define GPIO 0x60091000u
#define PCR 0x60096000u
#define LP_CLKRST 0x600b0400u
#define EFUSE 0x600b0800u
#define LP_AON 0x600b1000u
#define LP_WDT 0x600b1c00u
#define LP_PERI 0x600b2800u
#define LP_ANA 0x600b2c00u

// ---- Interrupts: sources are mapped to lines, lines enabled at the core's controller -----------------------------

#define PLIC_ENABLE (PLIC_MX + 0x00u)
#define PLIC_TYPE (PLIC_MX + 0x04u)  // a bit per line, 0: level
#define PLIC_CLEAR (PLIC_MX + 0x08u)
#define PLIC_PRIORITY(line) (PLIC_MX + 0x10u + 4 * (line))
#define PLIC_THRESHOLD (PLIC_MX + 0x90u)
#define UART0_INTR_MAP (INTERRUPT_CORE0 + 0xacu)
#define UART1_INTR_MAP (INTERRUPT_CORE0 + 0xb0u)
#define SYSTIMER_TARGET0_INTR_MAP (INTERRUPT_CORE0 + 0xe4u)

// Lines; 3, 4 and 7 are the core's own.
#define LINE_UART 10u
#define LINE_ALARM 12u

// ---- Clocks and resets of peripherals -----------------------------------------------------------------------------

#define PCR_UART_CONF(n) (PCR + 0x00u + 0x0cu * (n))
#define PCR_UART_SCLK_CONF(n) (PCR + 0x04u + 0x0cu * (n))
#define PCR_PCNT_CONF (PCR + 0x94u)
#define PCR_CLK_EN BIT(0)
#define PCR_RST_EN BIT(1)
#define PCR_UART_SCLK_XTAL (3u << 20 | BIT(22)) // the crystal, undivided
#define XTAL_HZ 40000000u

// ---- UART ---------------------------------------------------------------------------------------------------------

#define UART_FIFO(base) ((base) + 0x00u)
#define UART_INT_ENA(base) ((base) + 0x0cu)
#define UART_INT_CLR(base) ((base) + 0x10u)
#define UART_CLKDIV(base) ((base) + 0x14u)
#define UART_STATUS(base) ((base) + 0x1cu)
#define UART_CONF0(base) ((base) + 0x20u)
#define UART_CONF1(base) ((base) + 0x24u)
#define UART_TOUT_CONF(base) ((base) + 0x64u)
#define UART_REG_UPDATE(base) ((base) + 0x98u)
#define UART_RXFIFO_FULL BIT(0)
#define UART_RXFIFO_OVF BIT(4)
#define UART_RXFIFO_TOUT BIT(8)
#define UART_CONF0_8N1 (3u << 2 | 1u << 4 | BIT(20)) // with the FIFO's clock
#define UART_CONF0_FIFO_RESET (BIT(22) | BIT(23))
#define UART_FIFO_BYTES 128u

// ---- System timer: 52 bits at 16 MHz from the crystal -------------------------------------------------------------

#define SYSTIMER_CONF (SYSTIMER + 0x00u)
#define SYSTIMER_UNIT0_OP (SYSTIMER + 0x04u)
#define SYSTIMER_TARGET0_HI (SYSTIMER + 0x1cu)
#define SYSTIMER_TARGET0_LO (SYSTIMER + 0x20u)
#define SYSTIMER_TARGET0_CONF (SYSTIMER + 0x34u)
#define SYSTIMER_UNIT0_VALUE_HI (SYSTIMER + 0x40u)
#define SYSTIMER_UNIT0_VALUE_LO (SYSTIMER + 0x44u)
#define SYSTIMER_COMP0_LOAD (SYSTIMER + 0x50u)
#define SYSTIMER_INT_ENA (SYSTIMER + 0x64u)
#define SYSTIMER_INT_CLR (SYSTIMER + 0x6cu)
#define SYSTIMER_TARGET0_WORK_EN BIT(24)
#define SYSTIMER_UNIT0_WORK_EN BIT(30)
#define SYSTIMER_CLK_EN BIT(31)
#define SYSTIMER_UPDATE BIT(30)
#define SYSTIMER_VALID BIT(29)
#define SYSTIMER_TARGET0_INT BIT(0)
#define SYSTIMER_PER_US 16u

// ---- Pulse counter ------------------------------------------------------------------------------------------------

#define PCNT_CONF0(unit) (PCNT + 0x0cu * (unit))
#define PCNT_CONF2(unit) (PCNT + 0x08u + 0x0cu * (unit))
#define PCNT_CNT(unit) (PCNT + 0x30u + 4 * (unit))
#define PCNT_CTRL (PCNT + 0x60u)
#define PCNT_FILTER_LONGEST 1023u // cycles of the APB clock
#define PCNT_FILTER_EN BIT(10)
#define PCNT_THR_H_LIM_EN BIT(12)
#define PCNT_CH0_NEG_INCREMENT (1u << 16)
#define PCNT_CTRL_RST(unit) BIT(2 * (unit))
#define PCNT_CTRL_CLK_EN BIT(16)

// ---- Pads ---------------------------------------------------------------------------------------------------------

#define IO_MUX_GPIO(pad) (IO_MUX + 0x04u + 4 * (pad))
#define IO_MUX_PULL_UP BIT(8)
#define IO_MUX_INPUT BIT(9)
#define IO_MUX_DRIVE (2u << 10)
#define IO_MUX_FUNCTION_GPIO (1u << 12)
#define IO_MUX_FILTER BIT(15)
#define GPIO_ENABLE_W1TC (GPIO + 0x28u)
#define GPIO_IN (GPIO + 0x3cu)
#define GPIO_FUNC_IN_SEL(signal) (GPIO + 0x154u + 4 * (signal))
#define GPIO_FUNC_OUT_SEL(pad) (GPIO + 0x554u + 4 * (pad))
#define GPIO_IN_THROUGH_MATRIX BIT(7)
#define GPIO_IN_CONSTANT_HIGH 0x38u // in the place of a pad

// Signals of the matrix.
#define SIGNAL_U1RXD 9u
#define SIGNAL_U1TXD 9u
#define SIGNAL_PCNT_CH0(unit) (101u + 4 * (unit))
#define SIGNAL_PCNT_CTRL_CH0(unit) (103u + 4 * (unit))

// ---- Mapping of flash: one table for instructions and data --------------------------------------------------------

#define SPI_MEM_MMU_ITEM_CONTENT (SPI_MEM + 0x37cu) // of the entry that the index names
#define SPI_MEM_MMU_ITEM_INDEX (SPI_MEM + 0x380u)
#define MMU_RANGE 0x42000000u // entry n maps the page n of it
#define MMU_ENTRIES 256u
#define MMU_PAGE_BYTES 0x10000u // as the ROM leaves it
#define MMU_VALID BIT(9)        // below it: the page's number in flash

// ---- Watchdogs ----------------------------------------------------------------------------------------------------

#define WDT_UNLOCK 0x50d83aa1u // for every watchdog's write protection
#define TIMG_WDTCONFIG0 (TIMG0 + 0x48u)
#define TIMG_WDTWPROTECT (TIMG0 + 0x64u)
#define TIMG_WDT_CONF_UPDATE BIT(22)
#define LP_WDT_CONFIG0 (LP_WDT + 0x00u)
#define LP_WDT_STAGE0_HOLD (LP_WDT + 0x04u) // ticks of the slow clock
#define LP_WDT_FEED (LP_WDT + 0x14u)
#define LP_WDT_WPROTECT (LP_WDT + 0x18u)
#define LP_WDT_SWD_CONF (LP_WDT + 0x1cu)
#define LP_WDT_SWD_WPROTECT (LP_WDT + 0x20u)
#define LP_WDT_EN BIT(31)
#define LP_WDT_STAGE0_RESETS_SYSTEM (3u << 28) // all but the low-power domain
#define LP_WDT_RESET_LENGTHS (7u << 13 | 7u << 16)
#define LP_WDT_FEED_NOW BIT(31)
#define LP_WDT_SWD_AUTO_FEED BIT(18)
#define SLOW_CLOCK_HZ 136000u // RC oscillator, within 10 % or so
#define EFUSE_RD_REPEAT_DATA1 (EFUSE + 0x34u)
#define EFUSE_WDT_DELAY_SEL(word) ((word) >> 16 & 3u)

// ---- Reset, supply, entropy, debugging ---------------------------------------------------------------------------

#define LP_CLKRST_RESET_CAUSE (LP_CLKRST + 0x10u)
#define LP_AON_STORE2 (LP_AON + 0x08u) // survives every reset but that of the supply
#define LP_AON_SYS_CFG (LP_AON + 0x34u)
#define LP_AON_HPSYS_SW_RESET BIT(31)
#define LP_ANA_BOD_MODE0_CNTL (LP_ANA + 0x00u)
#define LP_ANA_INT_RAW (LP_ANA + 0x10u)
#define LP_ANA_INT_CLR (LP_ANA + 0x1cu)
#define BOD_MODE0_INT BIT(31)
#define BOD_MODE0_INTR_WAIT (1u << 8)
#define BOD_MODE0_RESET_WAIT (0x3ffu << 18)
#define BOD_MODE0_INTR_ENA BIT(29)
#define BOD_MODE0_RESET_SEL BIT(30)
#define BOD_MODE0_RESET_ENA BIT(31)
#define LP_PERI_CLK_EN (LP_PERI + 0x00u)
#define LP_PERI_RNG_CK_EN BIT(24)
#define LP_PERI_RNG_DATA (LP_PERI + 0x08u)
#define USB_EP1 (USB_DEVICE + 0x00u)
#define USB_EP1_CONF (USB_DEVICE + 0x04u)
#define USB_EP1_WR_DONE BIT(0)
#define USB_EP1_IN_FREE BIT(1)

#endif
