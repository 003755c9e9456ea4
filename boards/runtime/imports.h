// What modules may import, by capability.
#ifndef TIELINE_IMPORTS_H
#define TIELINE_IMPORTS_H

#include "import.h"
#include "module.h"

// Links every import of the capability that the module asks for. Returns NULL, or wasm3's error.
M3Result imports_link(IM3Module module, const struct module_terms *terms);

// What an earlier module of the capability left behind in the board is not the next one's.
void imports_forget(enum capability capability);

// The tables, in the order of the X lists.
extern const struct import_row metrology_imports[], crypto_imports[], test_keys_imports[], node_imports[],
    meter_imports[];
extern const uint32_t metrology_import_count, crypto_import_count, test_keys_import_count, node_import_count,
    meter_import_count;

#endif
