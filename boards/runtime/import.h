// How an import function is written. Every one returns i32 and never traps, so that the module decides what a refusal
// means:
//
//     IMPORT(name) { const uint8_t *data = RANGE(0, 32); if (data == NULL) return ERR_RANGE; ... }
#ifndef TIELINE_IMPORT_H
#define TIELINE_IMPORT_H

#include <stddef.h>
#include <stdint.h>
#include <wasm3.h>

struct import_row {
    const char *name, *signature;
    M3RawCall function;
};

// A module's pointer is an offset into its memory and as trustworthy as any other input. NULL: out of range.
static inline uint8_t *import_range(IM3Runtime runtime, void *memory, uint32_t offset, uint32_t length) {
    uint32_t size = m3_GetMemorySize(runtime);
    return offset <= size && length <= size - offset ? (uint8_t *)memory + offset : NULL;
}

#define IMPORT(name) \
    static int32_t body_##name(IM3Runtime runtime, void *memory, const uint64_t *arguments); \
    static m3ApiRawFunction(import_##name) { \
        (void)_ctx; \
        int32_t result = body_##name(runtime, _mem, _sp + 1); \
        *(int32_t *)(void *)_sp = result; \
        return m3Err_none; \
    } \
    static int32_t body_##name(IM3Runtime runtime, void *memory, const uint64_t *arguments)

#define ARGUMENT(index) ((uint32_t)arguments[index])
#define ARGUMENT64(index) (arguments[index])

// The `length` bytes that argument `index` points to.
#define RANGE(index, length) import_range(runtime, memory, ARGUMENT(index), length)

// For imports that take no pointer.
#define UNUSED_POINTERS (void)runtime, (void)memory, (void)arguments

// One row of a table of imports, from an X(name, signature) list.
#define IMPORT_ROW(name, signature) {#name, signature, import_##name},

#endif
