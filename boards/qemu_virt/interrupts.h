// Interrupts: the timer that ends a sleep and watches the program, and lines of the PLIC.
#ifndef TIELINE_QEMU_VIRT_INTERRUPTS_H
#define TIELINE_QEMU_VIRT_INTERRUPTS_H

#include <stdint.h>

// Lets interrupts come.
void interrupts_init(void);
// Lets line number `irq` of the PLIC interrupt.
void interrupts_enable(uint32_t irq);

// The links' and inputs' UARTs (links.c): takes what a line's interrupt is about. Called by the interrupt.
void links_interrupt(uint32_t irq);
// Lets arriving bytes of links interrupt, which they do once, and not while the program reads them.
void links_wake(void);
// Whether something waits that must not be slept over.
int links_waiting(void);

// Left for the next start, which takes it: why there is one.
void reset_note(uint32_t reason);

#endif
