// What runs while the flash chip works: everything here lies in RAM, and so does all it touches.
#include "internal.h"
#include "layout.h"
#include "rom.h"

uint32_t flash_piece[FLASH_PIECE / 4];

RAM_CODE(flash_operate) int32_t flash_operate(enum flash_operation operation, uint32_t address, uint32_t bytes) {
    int32_t result;
    // Interrupts may come: theirs is code in RAM too.
    uint32_t autoload = ROM_CACHE_SUSPEND();
    if (operation == FLASH_READ) {
        result = ROM_FLASH_READ(address, flash_piece, (int32_t)bytes);
    } else if (operation == FLASH_PROGRAM) {
        result = ROM_FLASH_PROGRAM(address, flash_piece, (int32_t)bytes);
    } else {
        result = ROM_FLASH_ERASE_SECTOR(address / SECTOR_BYTES);
    }
    ROM_CACHE_RESUME(autoload);
    return result;
}
