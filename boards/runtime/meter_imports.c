// The import functions of assembly/meter/meter.ts.
#include <string.h>

#include "board.h"
#include "errors.h"
#include "imports.h"
#include "meter_port.h"
#include "node_abi.h"

#define POINT_BYTES 33
#define HASH_BYTES 32

// The only one there is. A module under test may have several lines: on boards that have keys for tests it is that of each.
#define METER 0
#define TEST_METERS 4

static int is_meter(IM3Runtime runtime, uint32_t number) {
    int several = module_of(runtime)->terms->test_keys && board_test_key_room != 0;
    return several ? number < TEST_METERS : number == METER;
}

// What the meter does meanwhile counts as its own; this is for reading flash and signing.
#define METER_GAS 32768

IMPORT(point) {
    module_charge(module_of(runtime), METER_GAS);
    uint8_t *to = RANGE(1, POINT_BYTES);
    if (!is_meter(runtime, ARGUMENT(0))) return ERR_NOT_FOUND;
    return to == NULL ? ERR_RANGE : board_key_public(to);
}

IMPORT(receipt) {
    module_charge(module_of(runtime), METER_GAS);
    uint8_t *to = RANGE(2, ARGUMENT(3));
    if (!is_meter(runtime, ARGUMENT(0))) return ERR_NOT_FOUND;
    if (to == NULL) return ERR_RANGE;
    const uint8_t *text;
    int32_t length = meter_port_receipt(ARGUMENT(1), &text);
    if (length < 0) return length;
    if ((uint32_t)length > ARGUMENT(3)) return ERR_CAPACITY;
    memcpy(to, text, (size_t)length);
    return length;
}

IMPORT(note) {
    module_charge(module_of(runtime), METER_GAS);
    const uint8_t *hash = RANGE(4, HASH_BYTES);
    uint8_t *to = RANGE(5, METER_NOTE_BYTES);
    if (!is_meter(runtime, ARGUMENT(0))) return ERR_NOT_FOUND;
    if (hash == NULL || to == NULL) return ERR_RANGE;
    const uint8_t *note;
    int32_t length = meter_port_note(ARGUMENT(1), ARGUMENT(2), ARGUMENT64(3), hash, &note);
    if (length < 0) return length;
    memcpy(to, note, METER_NOTE_BYTES);
    return 0;
}

const struct import_row meter_imports[] = {METER_IMPORTS(IMPORT_ROW)};
const uint32_t meter_import_count = sizeof meter_imports / sizeof meter_imports[0];
