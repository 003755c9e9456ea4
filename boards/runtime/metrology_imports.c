// The import functions of assembly/metrology/board.ts.
#include <string.h>

#include "board.h"
#include "crypto.h"
#include "errors.h"
#include "imports.h"
#include "metrology_abi.h"

IMPORT(sha256) {
    const uint8_t *data = RANGE(0, ARGUMENT(1));
    uint8_t *digest = RANGE(2, 32);
    if (data == NULL || digest == NULL) return ERR_RANGE;
    crypto_sha256(data, ARGUMENT(1), digest);
    return 0;
}

IMPORT(sign) {
    const uint8_t *digest = RANGE(0, 32);
    uint8_t *signature = RANGE(1, 64);
    if (digest == NULL || signature == NULL) return ERR_RANGE;
    uint8_t signed_digest[32]; // the module may let the two overlap
    memcpy(signed_digest, digest, sizeof signed_digest);
    return board_key_sign(signed_digest, signature);
}

IMPORT(module_hash) {
    uint8_t *digest = RANGE(0, 32);
    if (digest == NULL) return ERR_RANGE;
    memcpy(digest, module_of(runtime)->digest, 32);
    return 0;
}

IMPORT(flash_sector_bytes) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sector_bytes();
}

IMPORT(flash_sectors) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sectors(PARTITION_METROLOGY);
}

IMPORT(flash_read) {
    uint8_t *data = RANGE(1, ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_read(PARTITION_METROLOGY, ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_program) {
    const uint8_t *data = RANGE(1, ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_program(PARTITION_METROLOGY, ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_erase) {
    (void)runtime, (void)memory;
    return board_flash_erase(PARTITION_METROLOGY, ARGUMENT(0));
}

const struct import_row metrology_imports[] = {METROLOGY_IMPORTS(IMPORT_ROW)};
const uint32_t metrology_import_count = sizeof metrology_imports / sizeof metrology_imports[0];
