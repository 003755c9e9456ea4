// Functions of the chip's ROM. Their addresses are the same in every revision of the chip.
#ifndef TIELINE_ESP32C6_ROM_H
#define TIELINE_ESP32C6_ROM_H

#include <stdint.h>

#define ROM_FUNCTION(address, result, ...) ((result(*)(__VA_ARGS__))(uintptr_t)(address))

// 0 is success, of all of these. Addresses and lengths of program and read are multiples of 4.
#define ROM_FLASH_ERASE_SECTOR ROM_FUNCTION(0x40000144u, int32_t, uint32_t sector)
#define ROM_FLASH_PROGRAM ROM_FUNCTION(0x4000014cu, int32_t, uint32_t to, const uint32_t *from, int32_t bytes)
#define ROM_FLASH_READ ROM_FUNCTION(0x40000150u, int32_t, uint32_t from, uint32_t *to, int32_t bytes)
#define ROM_FLASH_UNLOCK ROM_FUNCTION(0x40000154u, int32_t, void)
#define ROM_FLASH_CONFIG \
    ROM_FUNCTION(0x40000160u, int32_t, uint32_t device, uint32_t chip, uint32_t block, uint32_t sector, uint32_t page, \
                 uint32_t status_mask)

// The cache through which flash is read and executed. Resuming takes what suspending returned.
#define ROM_CACHE_SUSPEND ROM_FUNCTION(0x40000698u, uint32_t, void)
#define ROM_CACHE_RESUME ROM_FUNCTION(0x4000069cu, void, uint32_t autoload)
// Drops what it keeps of a range of addresses, which is read anew when it is wanted.
#define ROM_CACHE_INVALIDATE ROM_FUNCTION(0x40000648u, void, uint32_t address, uint32_t bytes)

#endif
