// What lies where in the flash of emulated boards, whatever emulates it; host/link/image.ts says the same. Partitions
// follow one another from the beginning.
#ifndef TIELINE_EMULATED_LAYOUT_H
#define TIELINE_EMULATED_LAYOUT_H

#include "board.h"

#define SECTOR_BYTES 4096u

// First sector of a partition; behind the last one stands where it ends.
static const uint16_t layout_sectors[BOARD_PARTITIONS + 1] = {
    [PARTITION_METROLOGY] = 0, [PARTITION_NODE] = 64,    [PARTITION_SETTINGS] = 192,
    [PARTITION_SLOT_A] = 196,  [PARTITION_SLOT_B] = 228, [PARTITION_METROLOGY_IMAGES] = 260,
    [BOARD_PARTITIONS] = 276,
};

// Address of the provisioning record, in a sector outside of every partition.
#define PROVISION_ADDRESS 0x200000u

static inline uint32_t layout_bytes(enum board_partition partition) {
    return (uint32_t)(layout_sectors[partition + 1] - layout_sectors[partition]) * SECTOR_BYTES;
}

static inline uint32_t layout_address(enum board_partition partition, uint32_t offset) {
    return layout_sectors[partition] * SECTOR_BYTES + offset;
}

// Whether the range lies inside the partition.
static inline int layout_inside(enum board_partition partition, uint32_t offset, uint32_t length) {
    if ((uint32_t)partition >= BOARD_PARTITIONS) return 0;
    uint32_t size = layout_bytes(partition);
    return offset <= size && length <= size - offset;
}

#endif
