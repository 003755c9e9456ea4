// The PCI bus of the `virt` machine, as far as one card with two UARTs needs it.
#ifndef TIELINE_QEMU_VIRT_PCI_H
#define TIELINE_QEMU_VIRT_PCI_H

#include <stdint.h>

struct pci_serial {
    uintptr_t ports[2]; // their registers
    uint32_t irq;       // of both, at the PLIC
};

// Finds the card and gives its registers a place. Returns 0 if there is none.
int pci_serial_find(struct pci_serial *card);

#endif
