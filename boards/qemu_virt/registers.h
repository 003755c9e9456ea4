// Addresses of QEMU's riscv32 `virt` machine that this board uses, and access to them.
#ifndef TIELINE_QEMU_VIRT_REGISTERS_H
#define TIELINE_QEMU_VIRT_REGISTERS_H

#include <stdint.h>

#define TEST_FINISHER 0x00100000u // SiFive test device: power off, reset
#define RTC 0x00101000u          // nanoseconds since 1970 in two words; reading the low one holds the high one
#define CLINT_MTIMECMP 0x02004000u // hart 0
#define CLINT_MTIME 0x0200bff8u   // 64 bits at 10 MHz
#define MTIME_PER_US 10u
#define PLIC 0x0c000000u
#define PCI_IO 0x03000000u        // port addresses of the PCI bus
#define PCI_ECAM 0x30000000u      // its configuration space
#define UART 0x10000000u          // 16550, registers one byte apart
#define UART_IRQ 10u
#define PCI_IRQ 32u               // of four, for the bus's interrupt pins
#define PFLASH 0x22000000u        // second CFI flash bank, 32 MiB

#define MMIO8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define MMIO16(address) (*(volatile uint16_t *)(uintptr_t)(address))
#define MMIO32(address) (*(volatile uint32_t *)(uintptr_t)(address))

#endif
