// The service link on the machine's own UART; with a card of two more, link 1 on its first and the inputs on its second.
//
// What arrives on links waits where it is until the program reads it, since the emulator then holds back more: their
// interrupts only end a sleep. What arrives on the inputs is taken and given its time at once.
#include "board.h"
#include "inputs.h"
#include "interrupts.h"
#include "links.h"
#include "pci.h"
#include "registers.h"
#include "uart.h"

uint32_t board_links = 1;

static uintptr_t links[2] = {UART};
static uintptr_t inputs; // 0: there are none
static uint32_t card_irq;

void links_init(void) {
    struct pci_serial card;
    uart_open(UART, UART_TRIGGER_14);
    interrupts_enable(UART_IRQ);
    if (!pci_serial_find(&card)) return;
    links[board_links++] = card.ports[0];
    inputs = card.ports[1];
    card_irq = card.irq;
    uart_open(card.ports[0], UART_TRIGGER_14);
    uart_open(inputs, UART_TRIGGER_1);
    interrupts_enable(card_irq);
    uart_interrupts(inputs, 1);
}

void links_interrupt(uint32_t irq) {
    // A level that stays would interrupt again and again until the program comes to read.
    for (uint32_t link = 0; link < board_links; link++) {
        if ((link == 0) == (irq == UART_IRQ)) uart_interrupts(links[link], 0);
    }
    if (irq != card_irq) return;
    for (uint8_t levels; uart_read(inputs, &levels, 1) == 1;) {
        inputs_take(levels, (uint32_t)(board_monotonic_us() / 1000));
    }
}

void links_wake(void) {
    for (uint32_t link = 0; link < board_links; link++) uart_interrupts(links[link], 1);
}

int links_waiting(void) {
    for (uint32_t link = 0; link < board_links; link++) {
        if (uart_waiting(links[link])) return 1;
    }
    return inputs_changed();
}

uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity) {
    return link < board_links ? uart_read(links[link], data, capacity) : 0;
}

uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length) {
    return link < board_links ? uart_write(links[link], data, length) : 0;
}
