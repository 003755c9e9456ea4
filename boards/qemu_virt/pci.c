#include "pci.h"

#include "registers.h"

#define SLOTS 32u
// Configuration space of function 0 in a slot of bus 0.
#define CONFIG(slot) (PCI_ECAM + ((slot) << 15))
#define IDENTITY(slot) (CONFIG(slot) + 0x00)
#define COMMAND(slot) (CONFIG(slot) + 0x04)
#define BAR0(slot) (CONFIG(slot) + 0x10)
#define INTERRUPT_PIN(slot) (CONFIG(slot) + 0x3d)

#define QEMU_SERIAL_2X 0x00031b36u
#define COMMAND_IO 1u
#define BAR_IO 1u

// Ports are addresses of the bus; the first ones are left free, as they are said to be no valid place for a card.
#define IO_ADDRESS 0x1000u
#define PORT_BYTES 8u

int pci_serial_find(struct pci_serial *card) {
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (MMIO32(IDENTITY(slot)) != QEMU_SERIAL_2X) continue;
        MMIO32(BAR0(slot)) = IO_ADDRESS;
        if (MMIO32(BAR0(slot)) != (IO_ADDRESS | BAR_IO)) return 0; // no ports behind it
        MMIO16(COMMAND(slot)) = COMMAND_IO;
        for (uint32_t port = 0; port < 2; port++) card->ports[port] = PCI_IO + IO_ADDRESS + port * PORT_BYTES;
        // The four pins of neighbouring slots are turned against each other.
        card->irq = PCI_IRQ + (slot + MMIO8(INTERRUPT_PIN(slot)) - 1) % 4;
        return 1;
    }
    return 0;
}
