#include "imports.h"

#include <m3_env.h>
#include <string.h>

#include "board.h"
#include "crypto.h"
#include "crypto_abi.h"
#include "key_ring.h"
#include "metrology_abi.h"

static M3Result link_table(IM3Module module, const char *import_module, const struct import_row *rows, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        M3Result error = m3_LinkRawFunction(module, import_module, rows[i].name, rows[i].signature, rows[i].function);
        // wasm3 says "lookup failed" of an import that the module does not have.
        if (error != m3Err_none && error != m3Err_functionLookupFailed) return error;
    }
    return m3Err_none;
}

static int imports_from(IM3Module module, const char *import_module) {
    for (uint32_t i = 0; i < module->numFunctions; i++) {
        const char *from = module->functions[i].import.moduleUtf8;
        if (from != NULL && strcmp(from, import_module) == 0) return 1;
    }
    return 0;
}

M3Result imports_link(IM3Module module, enum capability capability) {
    // What an earlier module left behind is not this one's.
    key_ring_forget_imported();
    crypto_stream_reset();
    int metrology = capability == CAPABILITY_METROLOGY ||
                    (capability == CAPABILITY_LOADED && imports_from(module, METROLOGY_IMPORT_MODULE));
    if (metrology) return link_table(module, METROLOGY_IMPORT_MODULE, metrology_imports, metrology_import_count);
    M3Result error = link_table(module, CRYPTO_IMPORT_MODULE, crypto_imports, crypto_import_count);
    if (error != m3Err_none || capability != CAPABILITY_LOADED || board_test_key_room == 0) return error;
    return link_table(module, TEST_KEYS_IMPORT_MODULE, test_keys_imports, test_keys_import_count);
}
