// The service link's UART.
#ifndef TIELINE_QEMU_VIRT_UART_H
#define TIELINE_QEMU_VIRT_UART_H

void uart_init(void);

#endif
