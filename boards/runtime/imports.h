// What a module may import. Each gets the capability that it is linked with and nothing else: the meter's flash and
// signing key on one side, the node's cryptography and keys on the other.
#ifndef TIELINE_IMPORTS_H
#define TIELINE_IMPORTS_H

#include "import.h"

enum capability {
    CAPABILITY_METROLOGY, // assembly/metrology/board.ts
    CAPABILITY_NODE,      // assembly/crypto/crypto.ts
    // A module that came by LOAD: one of the two, whichever it asks for; with the node's, test keys on boards that
    // have room for them.
    CAPABILITY_LOADED,
};

// Links every import of the capability that the module asks for. Returns NULL, or wasm3's error.
M3Result imports_link(IM3Module module, enum capability capability);

// The tables, in the order of the X lists.
extern const struct import_row metrology_imports[], crypto_imports[], test_keys_imports[];
extern const uint32_t metrology_import_count, crypto_import_count, test_keys_import_count;

#endif
