// 16550 UARTs, wherever they are: eight registers, one byte apart.
#ifndef TIELINE_QEMU_VIRT_UART_H
#define TIELINE_QEMU_VIRT_UART_H

#include <stdint.h>

// Bytes that have arrived at which a UART interrupts at once; fewer interrupt when nothing follows them.
enum uart_trigger { UART_TRIGGER_1 = 0x00, UART_TRIGGER_14 = 0xc0 };

// Without interrupts.
void uart_open(uintptr_t base, enum uart_trigger trigger);
// Whether arriving bytes interrupt.
void uart_interrupts(uintptr_t base, int on);
int uart_waiting(uintptr_t base);
uint32_t uart_read(uintptr_t base, uint8_t *data, uint32_t capacity);
uint32_t uart_write(uintptr_t base, const uint8_t *data, uint32_t length);

#endif
