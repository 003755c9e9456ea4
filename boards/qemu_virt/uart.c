#include "uart.h"

#include "registers.h"

#define DATA(base) ((base) + 0)
#define INTERRUPT_ENABLE(base) ((base) + 1)
#define FIFO_CONTROL(base) ((base) + 2)
#define LINE_CONTROL(base) ((base) + 3)
#define LINE_STATUS(base) ((base) + 5)

// In place of the first two while DIVISOR_ACCESS is set.
#define DIVISOR_LOW(base) ((base) + 0)
#define DIVISOR_HIGH(base) ((base) + 1)
#define DIVISOR_ACCESS 0x80

#define FIFO_ON 0x01
#define DATA_READY 0x01
#define TRANSMITTER_EMPTY 0x20
#define FIFO_BYTES 16

void uart_open(uintptr_t base, enum uart_trigger trigger) {
    // The line itself has no speed, but QEMU hands over as many bytes at a time as the FIFO's trigger level says, and
    // after the last ones interrupts when four characters' time has passed: highest speed.
    MMIO8(LINE_CONTROL(base)) = DIVISOR_ACCESS;
    MMIO8(DIVISOR_LOW(base)) = 1;
    MMIO8(DIVISOR_HIGH(base)) = 0;
    MMIO8(LINE_CONTROL(base)) = 0x03; // 8N1
    MMIO8(FIFO_CONTROL(base)) = FIFO_ON | (uint8_t)trigger;
    MMIO8(INTERRUPT_ENABLE(base)) = 0;
}

void uart_interrupts(uintptr_t base, int on) {
    MMIO8(INTERRUPT_ENABLE(base)) = on != 0;
}

int uart_waiting(uintptr_t base) {
    return (MMIO8(LINE_STATUS(base)) & DATA_READY) != 0;
}

uint32_t uart_read(uintptr_t base, uint8_t *data, uint32_t capacity) {
    uint32_t count = 0;
    while (count < capacity && uart_waiting(base)) data[count++] = MMIO8(DATA(base));
    return count;
}

uint32_t uart_write(uintptr_t base, const uint8_t *data, uint32_t length) {
    if (!(MMIO8(LINE_STATUS(base)) & TRANSMITTER_EMPTY)) return 0;
    uint32_t count = length < FIFO_BYTES ? length : FIFO_BYTES;
    for (uint32_t i = 0; i < count; i++) MMIO8(DATA(base)) = data[i];
    return count;
}
