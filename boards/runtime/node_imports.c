// The import functions of assembly/node/board.ts.
#include "board.h"
#include "crypto.h"
#include "errors.h"
#include "imports.h"
#include "node_abi.h"
#include "node_outputs.h"

#define OUTPOINT_BYTES 36

IMPORT(flash_sector_bytes) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sector_bytes();
}

IMPORT(flash_sectors) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sectors(PARTITION_NODE);
}

IMPORT(flash_read) {
    uint8_t *data = RANGE(1, ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_read(PARTITION_NODE, ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_program) {
    const uint8_t *data = RANGE(1, ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_program(PARTITION_NODE, ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_erase) {
    (void)runtime, (void)memory;
    return board_flash_erase(PARTITION_NODE, ARGUMENT(0));
}

IMPORT(random) {
    uint8_t *data = RANGE(0, ARGUMENT(1));
    return data == NULL ? ERR_RANGE : crypto_random(data, ARGUMENT(1));
}

IMPORT(send) {
    const uint8_t *data = RANGE(1, ARGUMENT(2));
    return data == NULL ? ERR_RANGE : node_output_send(ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(hang_up) {
    (void)runtime, (void)memory;
    return node_output_hang_up(ARGUMENT(0));
}

IMPORT(tell) {
    const uint8_t *record = RANGE(1, ARGUMENT(2));
    return record == NULL ? ERR_RANGE : node_output_tell(ARGUMENT(0), record, ARGUMENT(2));
}

IMPORT(broadcast) {
    const uint8_t *transaction = RANGE(1, ARGUMENT(2));
    return transaction == NULL ? ERR_RANGE : node_output_broadcast(ARGUMENT(0), transaction, ARGUMENT(2));
}

IMPORT(watch) {
    const uint8_t *outpoint = RANGE(2, OUTPOINT_BYTES);
    const uint8_t *script = RANGE(3, ARGUMENT(4));
    if (outpoint == NULL || script == NULL) return ERR_RANGE;
    return node_output_watch(ARGUMENT(0), ARGUMENT(1), outpoint, script, ARGUMENT(4));
}

const struct import_row node_imports[] = {NODE_IMPORTS(IMPORT_ROW)};
const uint32_t node_import_count = sizeof node_imports / sizeof node_imports[0];
