// The UARTs that are links and inputs.
#ifndef TIELINE_QEMU_VIRT_LINKS_H
#define TIELINE_QEMU_VIRT_LINKS_H

// After interrupts_init.
void links_init(void);

#endif
