#include "module.h"

#include <m3_env.h>
#include <m3_limits.h>
#include <string.h>

#include "board.h"
#include "crypto.h"
#include "heap.h"
#include "stack.h"

// wasm3's value stack, bytes.
#define WASM_STACK_BYTES 4096
// wasm3 writes a call's arguments and result before it checks the stack's end, so that end is kept this far from the
// real one: as many values as any function of ours has, 8 bytes each.
#define WASM_STACK_SPARE_BYTES (32 * 8)
// Function entries and loop turns one call may take before it counts as runaway: a second or so on a 160 MHz chip.
#define CALL_GAS 4194304u

static IM3Environment environment;
static IM3Runtime runtime;
static IM3Module loaded; // NULL: none
static uint8_t digest[32];
static struct module_cost cost;
static M3Limits limits;

// wasm3's messages are constants; where a name helps, it is appended here.
static char message[96];

static const char *with_name(const char *text, const char *name) {
    size_t used = strlen(text);
    if (used > sizeof message - 2) used = sizeof message - 2;
    memcpy(message, text, used);
    message[used++] = ' ';
    size_t length = strnlen(name, sizeof message - used - 1);
    memcpy(message + used, name, length);
    message[used + length] = 0;
    return message;
}

void module_unload(void) {
    loaded = NULL; // the runtime owns it
    m3_FreeRuntime(runtime);
    runtime = NULL;
    m3_FreeEnvironment(environment);
    environment = NULL;
}

static const char *first_missing_import(void) {
    for (uint32_t i = 0; i < loaded->numFunctions; i++) {
        IM3Function function = &loaded->functions[i];
        if (function->import.fieldUtf8 != NULL && function->compiled == NULL) return function->import.fieldUtf8;
    }
    return NULL;
}

static const char *load(const uint8_t *bytes, uint32_t length, uint32_t memory_limit, enum capability capability) {
    environment = m3_NewEnvironment();
    if (environment == NULL) return m3Err_mallocFailed;
    runtime = m3_NewRuntime(environment, WASM_STACK_BYTES, &limits);
    if (runtime == NULL) return m3Err_mallocFailed;
    runtime->memoryLimit = memory_limit;
    runtime->numStackSlots -= WASM_STACK_SPARE_BYTES / sizeof(m3slot_t);

    IM3Module module;
    M3Result error = m3_ParseModule(environment, &module, bytes, length);
    if (error != m3Err_none) return error;
    error = m3_LoadModule(runtime, module);
    if (error != m3Err_none) {
        m3_FreeModule(module);
        return error;
    }
    loaded = module;
    error = imports_link(module, capability);
    if (error != m3Err_none) return error;
    const char *missing = first_missing_import();
    return missing == NULL ? NULL : with_name("missing import", missing);
}

const char *module_load(const uint8_t *bytes, uint32_t length, uint32_t memory_limit, enum capability capability) {
    module_unload();
    crypto_sha256(bytes, length, digest);
    const char *error = load(bytes, length, memory_limit, capability);
    if (error != NULL) module_unload();
    return error;
}

const uint8_t *module_digest(void) {
    return digest;
}

static IM3Function find(const char *name) {
    return loaded == NULL ? NULL : v_FindFunction(loaded, name);
}

const char *module_signature(const char *name, char signature[12]) {
    static const char letters[] = {[c_m3Type_none] = 'v', [c_m3Type_i32] = 'i', [c_m3Type_i64] = 'I',
                                   [c_m3Type_f32] = 'f', [c_m3Type_f64] = 'F'};
    IM3Function function = find(name);
    if (function == NULL) return with_name("no export", name);
    uint32_t count = m3_GetArgCount(function);
    if (count > MODULE_MAX_ARGS || m3_GetRetCount(function) > 1) return with_name("too many values:", name);
    *signature++ = letters[m3_GetRetType(function, 0)];
    *signature++ = '(';
    for (uint32_t i = 0; i < count; i++) *signature++ = letters[m3_GetArgType(function, i)];
    *signature++ = ')';
    *signature = 0;
    return NULL;
}

const char *module_call(const char *name, const uint64_t *arguments, uint32_t count, uint64_t *result) {
    if (loaded == NULL) return "no module is loaded";
    IM3Function function;
    M3Result error = m3_FindFunction(&function, runtime, name); // compiles it, if this is its first call
    if (error != m3Err_none) return with_name(error, name);

    const void *pointers[MODULE_MAX_ARGS];
    for (uint32_t i = 0; i < count; i++) pointers[i] = &arguments[i];
    limits = (M3Limits){.gas_left = CALL_GAS, .stack_floor = (uintptr_t)stack_module_limit()};
    uint64_t start = board_monotonic_us();
    error = m3_Call(function, count, pointers);
    cost.microseconds = (uint32_t)(board_monotonic_us() - start);
    cost.gas = CALL_GAS - (uint32_t)limits.gas_left;
    if (error != m3Err_none || m3_GetRetCount(function) == 0) return error;
    const void *results[] = {result};
    *result = 0;
    return m3_GetResults(function, 1, results);
}

uint8_t *module_memory(uint32_t offset, uint32_t length) {
    if (loaded == NULL) return NULL;
    uint32_t size;
    uint8_t *memory = m3_GetMemory(runtime, &size, 0);
    return memory != NULL && offset <= size && length <= size - offset ? memory + offset : NULL;
}

const char *module_compile_all(void) {
    return loaded == NULL ? "no module is loaded" : m3_CompileModule(loaded);
}

static uint32_t page_bytes(IM3CodePage page) {
    uint32_t bytes = 0;
    for (; page != NULL; page = page->info.next) {
        bytes += sizeof(M3CodePageHeader) + page->info.numLines * sizeof(code_t);
    }
    return bytes;
}

struct module_figures module_figures(void) {
    struct module_figures figures = {0};
    if (loaded == NULL) return figures;
    figures.wasm_bytes = (uint32_t)(loaded->wasmEnd - loaded->wasmStart);
    figures.linear_memory = m3_GetMemorySize(runtime);
    figures.wasm_stack = WASM_STACK_BYTES;
    figures.code = page_bytes(runtime->pagesOpen) + page_bytes(runtime->pagesFull) +
                   page_bytes(environment->pagesReleased);
    figures.structures = heap_figures().live - figures.linear_memory - figures.wasm_stack - figures.code;
    for (uint32_t i = 0; i < loaded->numFunctions; i++) {
        IM3Function function = &loaded->functions[i];
        if (function->import.fieldUtf8 != NULL) continue;
        figures.functions++;
        if (function->compiled != NULL) figures.compiled++;
    }
    return figures;
}

struct module_cost module_cost(void) {
    return cost;
}
