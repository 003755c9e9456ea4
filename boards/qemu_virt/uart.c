// 16550 UART, polled; its interrupt only wakes the hart from `wfi`.
#include "uart.h"

#include "board.h"
#include "registers.h"

#define DATA (UART + 0)
#define INTERRUPT_ENABLE (UART + 1)
#define FIFO_CONTROL (UART + 2)
#define LINE_CONTROL (UART + 3)
#define LINE_STATUS (UART + 5)

// In place of the first two while DIVISOR_ACCESS is set.
#define DIVISOR_LOW (UART + 0)
#define DIVISOR_HIGH (UART + 1)
#define DIVISOR_ACCESS 0x80

#define DATA_READY 0x01
#define TRANSMITTER_EMPTY 0x20
#define FIFO_BYTES 16

#define UART_IRQ 10
#define PLIC_PRIORITY(irq) (PLIC + 4 * (irq))
#define PLIC_ENABLE (PLIC + 0x2000)    // context 0: hart 0, machine mode
#define PLIC_THRESHOLD (PLIC + 0x200000)
#define PLIC_CLAIM (PLIC + 0x200004)

#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)

#define LONGEST_SLEEP_US 20000u

uint32_t board_links = 1;

void uart_init(void) {
    // The line itself has no speed, but QEMU hands over as many bytes at a time as the FIFO's trigger level says, and
    // after the last ones interrupts when four characters' time has passed: deepest trigger, highest speed.
    MMIO8(LINE_CONTROL) = DIVISOR_ACCESS;
    MMIO8(DIVISOR_LOW) = 1;
    MMIO8(DIVISOR_HIGH) = 0;
    MMIO8(LINE_CONTROL) = 0x03; // 8N1
    MMIO8(FIFO_CONTROL) = 0xc1; // FIFOs on, trigger at 14 bytes
    MMIO8(INTERRUPT_ENABLE) = 0x01;
    MMIO32(PLIC_PRIORITY(UART_IRQ)) = 1;
    MMIO32(PLIC_ENABLE) = 1u << UART_IRQ;
    MMIO32(PLIC_THRESHOLD) = 0;
    // Enabled here but not in mstatus: a pending interrupt ends `wfi` and is never taken.
    __asm__ volatile("csrs mie, %0" ::"r"(MIE_EXTERNAL | MIE_TIMER));
}

uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity) {
    uint32_t count = 0;
    if (link >= board_links) return 0;
    while (count < capacity && (MMIO8(LINE_STATUS) & DATA_READY)) data[count++] = MMIO8(DATA);
    return count;
}

uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length) {
    if (link >= board_links || !(MMIO8(LINE_STATUS) & TRANSMITTER_EMPTY)) return 0;
    uint32_t count = length < FIFO_BYTES ? length : FIFO_BYTES;
    for (uint32_t i = 0; i < count; i++) MMIO8(DATA) = data[i];
    return count;
}

void board_idle_until(uint64_t us) {
    // The emulated hart has been seen asleep with the UART's interrupt pending: it is woken again before long.
    uint64_t soon = board_monotonic_us() + LONGEST_SLEEP_US;
    if (us > soon) us = soon;
    uint64_t ticks = us * MTIME_PER_US;
    // The halves are written one after the other: the high one first says "never", so that none of what the timer is set
    // to in between has already come.
    MMIO32(CLINT_MTIMECMP + 4) = UINT32_MAX;
    MMIO32(CLINT_MTIMECMP) = (uint32_t)ticks;
    MMIO32(CLINT_MTIMECMP + 4) = (uint32_t)(ticks >> 32);
    __asm__ volatile("wfi");
    uint32_t irq = MMIO32(PLIC_CLAIM);
    if (irq != 0) MMIO32(PLIC_CLAIM) = irq;
}
