#include "imports.h"

#include "board.h"
#include "crypto.h"
#include "crypto_abi.h"
#include "key_ring.h"
#include "metrology_abi.h"
#include "node_abi.h"

struct import_table {
    const char *from;
    const struct import_row *rows;
    const uint32_t *count;
};

static const struct import_table metrology_tables[] = {
    {METROLOGY_IMPORT_MODULE, metrology_imports, &metrology_import_count},
    {NULL, NULL, NULL},
};

static const struct import_table node_tables[] = {
    {CRYPTO_IMPORT_MODULE, crypto_imports, &crypto_import_count},
    {NODE_IMPORT_MODULE, node_imports, &node_import_count},
    {METER_IMPORT_MODULE, meter_imports, &meter_import_count},
    {NULL, NULL, NULL},
};

static const struct import_table test_keys_tables[] = {
    {TEST_KEYS_IMPORT_MODULE, test_keys_imports, &test_keys_import_count},
    {NULL, NULL, NULL},
};

static M3Result link_tables(IM3Module module, const struct import_table *table) {
    for (; table->from != NULL; table++) {
        for (uint32_t i = 0; i < *table->count; i++) {
            const struct import_row *row = &table->rows[i];
            M3Result error = m3_LinkRawFunction(module, table->from, row->name, row->signature, row->function);
            // wasm3 says "lookup failed" of an import that the module does not have.
            if (error != m3Err_none && error != m3Err_functionLookupFailed) return error;
        }
    }
    return m3Err_none;
}

M3Result imports_link(IM3Module module, const struct module_terms *terms) {
    M3Result error =
        link_tables(module, terms->capability == CAPABILITY_METROLOGY ? metrology_tables : node_tables);
    if (error != m3Err_none || !terms->test_keys || board_test_key_room == 0) return error;
    return link_tables(module, test_keys_tables);
}

void imports_forget(enum capability capability) {
    if (capability != CAPABILITY_NODE) return;
    key_ring_forget_imported();
    crypto_stream_reset();
}
