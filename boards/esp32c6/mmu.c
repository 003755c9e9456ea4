// The window through which the processor sees the slots and the metrology modules in flash: modules run out of it.
//
// The ROM maps the firmware from the beginning of the instruction and data bus's range; the pages of the window lie behind
// all that a flash of this size could fill from there, so that nothing which runs is mapped anew. That the pages have
// 64 KB, which is how the ROM leaves them, is not asked: what a module's hash is computed of is read through the window,
// so that under a mapping which is not what it should be no image is found to be whole, and the built-in modules run.
#include "board.h"
#include "internal.h"
#include "layout.h"
#include "registers.h"
#include "rom.h"

// Both begin at a page, and what is between them is mapped in one piece.
#define MAPPED_FROM SLOT_A_ADDRESS
#define MAPPED_TO (METROLOGY_IMAGES_ADDRESS + METROLOGY_IMAGES_SECTORS * SECTOR_BYTES)
#define PAGES ((MAPPED_TO - MAPPED_FROM + MMU_PAGE_BYTES - 1) / MMU_PAGE_BYTES)
#define FIRST_ENTRY (FLASH_BYTES / MMU_PAGE_BYTES)
#define WINDOW (MMU_RANGE + FIRST_ENTRY * MMU_PAGE_BYTES)

_Static_assert(MAPPED_FROM % MMU_PAGE_BYTES == 0, "the window begins at a page");
_Static_assert(SLOT_B_ADDRESS > SLOT_A_ADDRESS && METROLOGY_IMAGES_ADDRESS > SLOT_B_ADDRESS, "all of them are in it");
_Static_assert(FIRST_ENTRY + PAGES <= MMU_ENTRIES, "the table has so many entries");

void mmu_init(void) {
    for (uint32_t page = 0; page < PAGES; page++) {
        MMIO32(SPI_MEM_MMU_ITEM_INDEX) = FIRST_ENTRY + page;
        MMIO32(SPI_MEM_MMU_ITEM_CONTENT) = (MAPPED_FROM / MMU_PAGE_BYTES + page) | MMU_VALID;
    }
    ROM_CACHE_INVALIDATE(WINDOW, PAGES * MMU_PAGE_BYTES);
}

void mmu_forget(uint32_t address, uint32_t bytes) {
    if (address < MAPPED_FROM || address >= MAPPED_TO) return;
    ROM_CACHE_INVALIDATE(WINDOW + (address - MAPPED_FROM), bytes);
}

static const uint8_t *seen(uint32_t address) {
    return (const uint8_t *)(uintptr_t)(WINDOW + (address - MAPPED_FROM));
}

const uint8_t *board_flash_map(enum board_partition partition) {
    switch (partition) {
        case PARTITION_SLOT_A: return seen(SLOT_A_ADDRESS);
        case PARTITION_SLOT_B: return seen(SLOT_B_ADDRESS);
        case PARTITION_METROLOGY_IMAGES: return seen(METROLOGY_IMAGES_ADDRESS);
        default: return NULL; // journals and settings are read as bytes, past the cache
    }
}
