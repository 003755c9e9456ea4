// The emulated CFI flash bank: raw blocks of 256 KiB. Errors as in board.h.
#ifndef TIELINE_QEMU_VIRT_PFLASH_H
#define TIELINE_QEMU_VIRT_PFLASH_H

#include <stdint.h>

#define PFLASH_BLOCK_BYTES 0x40000u

// Reads bytes at an address of the bank.
void pflash_read(uint32_t address, uint8_t *data, uint32_t length);

#endif
