#include "imports.h"

#include <string.h>

#include "board.h"
#include "crypto.h"
#include "errors.h"
#include "metrology_abi.h"
#include "module.h"

// A module's pointer is an offset into its memory and as trustworthy as any other input. NULL: out of range.
static uint8_t *range(IM3Runtime runtime, void *memory, uint32_t offset, uint32_t length) {
    uint32_t size = m3_GetMemorySize(runtime);
    return offset <= size && length <= size - offset ? (uint8_t *)memory + offset : NULL;
}

// Every import returns i32 and never traps, so that the module decides what a refusal means.
#define IMPORT(name) \
    static int32_t name(IM3Runtime runtime, void *memory, const uint64_t *arguments); \
    static m3ApiRawFunction(import_##name) { \
        (void)_ctx; \
        int32_t result = name(runtime, _mem, _sp + 1); \
        *(int32_t *)(void *)_sp = result; \
        return m3Err_none; \
    } \
    static int32_t name(IM3Runtime runtime, void *memory, const uint64_t *arguments)

#define ARGUMENT(index) ((uint32_t)arguments[index])

#define UNUSED_POINTERS (void)runtime, (void)memory, (void)arguments

IMPORT(sha256) {
    const uint8_t *data = range(runtime, memory, ARGUMENT(0), ARGUMENT(1));
    uint8_t *digest = range(runtime, memory, ARGUMENT(2), 32);
    if (data == NULL || digest == NULL) return ERR_RANGE;
    crypto_sha256(data, ARGUMENT(1), digest);
    return 0;
}

IMPORT(sign) {
    const uint8_t *digest = range(runtime, memory, ARGUMENT(0), 32);
    uint8_t *signature = range(runtime, memory, ARGUMENT(1), 64);
    if (digest == NULL || signature == NULL) return ERR_RANGE;
    uint8_t signed_digest[32]; // the module may let the two overlap
    memcpy(signed_digest, digest, sizeof signed_digest);
    return board_key_sign(signed_digest, signature);
}

IMPORT(module_hash) {
    uint8_t *digest = range(runtime, memory, ARGUMENT(0), 32);
    if (digest == NULL) return ERR_RANGE;
    memcpy(digest, module_digest(), 32);
    return 0;
}

IMPORT(flash_sector_bytes) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sector_bytes();
}

IMPORT(flash_sectors) {
    UNUSED_POINTERS;
    return (int32_t)board_flash_sectors();
}

IMPORT(flash_read) {
    uint8_t *data = range(runtime, memory, ARGUMENT(1), ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_read(ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_program) {
    const uint8_t *data = range(runtime, memory, ARGUMENT(1), ARGUMENT(2));
    return data == NULL ? ERR_RANGE : board_flash_program(ARGUMENT(0), data, ARGUMENT(2));
}

IMPORT(flash_erase) {
    (void)runtime, (void)memory;
    return board_flash_erase(ARGUMENT(0));
}

static const struct {
    const char *name, *signature;
    M3RawCall function;
} table[] = {
#define ROW(name, signature) {#name, signature, import_##name},
    METROLOGY_IMPORTS(ROW)
#undef ROW
};

M3Result imports_link(IM3Module module) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        M3Result error = m3_LinkRawFunction(module, METROLOGY_IMPORT_MODULE, table[i].name, table[i].signature,
                                            table[i].function);
        // wasm3 says "lookup failed" of an import that the module does not have.
        if (error != m3Err_none && error != m3Err_functionLookupFailed) return error;
    }
    return m3Err_none;
}
