#include "module.h"

#include <m3_env.h>
#include <string.h>

#include "board.h"
#include "crypto.h"
#include "heap.h"
#include "imports.h"
#include "log.h"
#include "stack.h"

// wasm3 writes a call's arguments and result before it checks the value stack's end, so that end is kept this far from
// the real one: as many values as any function of ours has, 8 bytes each.
#define VALUE_STACK_SPARE_BYTES (32 * 8)

// wasm3's messages are constants; where a name helps, it is appended here.
static const char *with_name(struct module *module, const char *text, const char *name) {
    char *message = module->message;
    size_t used = strnlen(text, sizeof module->message - 2);
    memcpy(message, text, used);
    message[used++] = ' ';
    size_t length = strnlen(name, sizeof module->message - used - 1);
    memcpy(message + used, name, length);
    message[used + length] = 0;
    return message;
}

void module_stop(struct module *module, const char *reason) {
    module->state = MODULE_STOPPED;
    module->stopped_because = reason;
}

// From here on wasm3's heap is the module's, up to what it must leave.
static void heap_begin(struct module *module) {
    uint32_t size = heap_size(), reserve = module->terms == NULL ? 0 : module->terms->heap_reserve_bytes;
    heap_owner_begin(&module->heap_bytes, reserve < size ? size - reserve : 0);
}

static void release(struct module *module) {
    heap_begin(module);
    module->loaded = NULL; // the runtime owns it
    m3_FreeRuntime(module->runtime);
    module->runtime = NULL;
    m3_FreeEnvironment(module->environment);
    module->environment = NULL;
    heap_owner_end();
}

void module_unload(struct module *module, const char *reason) {
    release(module);
    module_stop(module, reason);
}

static const char *first_missing_import(struct module *module) {
    for (uint32_t i = 0; i < module->loaded->numFunctions; i++) {
        IM3Function function = &module->loaded->functions[i];
        if (function->import.fieldUtf8 != NULL && function->compiled == NULL) return function->import.fieldUtf8;
    }
    return NULL;
}

static const char *link_imports(struct module *module) {
    M3Result error = imports_link(module->loaded, module->terms);
    if (error != m3Err_none) return error;
    const char *missing = first_missing_import(module);
    return missing == NULL ? NULL : with_name(module, "missing import", missing);
}

static const char *load(struct module *module, const uint8_t *bytes, uint32_t length) {
    module->environment = m3_NewEnvironment();
    if (module->environment == NULL) return m3Err_mallocFailed;
    module->runtime = m3_NewRuntime(module->environment, module->terms->value_stack_bytes, module);
    if (module->runtime == NULL) return m3Err_mallocFailed;
    module->runtime->memoryLimit = module->terms->memory_bytes;
    module->runtime->numStackSlots -= VALUE_STACK_SPARE_BYTES / sizeof(m3slot_t);

    IM3Module parsed;
    M3Result error = m3_ParseModule(module->environment, &parsed, bytes, length);
    if (error != m3Err_none) return error;
    error = m3_LoadModule(module->runtime, parsed);
    if (error != m3Err_none) {
        m3_FreeModule(parsed);
        return error;
    }
    module->loaded = parsed;
    return link_imports(module);
}

const char *module_load(struct module *module, const uint8_t *bytes, uint32_t length, const struct module_terms *terms,
                        enum module_state state) {
    release(module);
    imports_forget(terms->capability);
    crypto_sha256(bytes, length, module->digest);
    module->terms = terms;
    module->cost = (struct module_cost){0};
    module->code_peak = module->drops = module->functions_dropped = 0;
    heap_begin(module);
    const char *error = load(module, bytes, length);
    heap_owner_end();
    if (error != NULL) module_unload(module, error);
    else module->state = state;
    return error;
}

static IM3Function find(struct module *module, const char *name) {
    return module->loaded == NULL ? NULL : v_FindFunction(module->loaded, name);
}

const char *module_signature(struct module *module, const char *name, char signature[12]) {
    static const char letters[] = {[c_m3Type_none] = 'v', [c_m3Type_i32] = 'i', [c_m3Type_i64] = 'I',
                                   [c_m3Type_f32] = 'f', [c_m3Type_f64] = 'F'};
    IM3Function function = find(module, name);
    if (function == NULL) return with_name(module, "no export", name);
    uint32_t count = m3_GetArgCount(function);
    if (count > MODULE_MAX_ARGS || m3_GetRetCount(function) > 1) return with_name(module, "too many values:", name);
    *signature++ = letters[m3_GetRetType(function, 0)];
    *signature++ = '(';
    for (uint32_t i = 0; i < count; i++) *signature++ = letters[m3_GetArgType(function, i)];
    *signature++ = ')';
    *signature = 0;
    return NULL;
}

static const char *call(struct module *module, IM3Function function, const uint64_t *arguments, uint32_t count,
                        uint64_t *result) {
    const void *pointers[MODULE_MAX_ARGS];
    for (uint32_t i = 0; i < count; i++) pointers[i] = &arguments[i];
    module->limits.gas_left = module->terms->gas;
    module->limits.stack_floor = (uintptr_t)stack_bottom() + module->terms->stack_reserve_bytes;
    uint64_t start = board_monotonic_us();
    M3Result error = m3_Call(function, count, pointers);
    module->cost.microseconds = (uint32_t)(board_monotonic_us() - start);
    module->cost.gas = module->terms->gas - (uint32_t)module->limits.gas_left;
    if (error != m3Err_none || m3_GetRetCount(function) == 0) return error;
    const void *results[] = {result};
    *result = 0;
    return m3_GetResults(function, 1, results);
}

const char *module_call(struct module *module, const char *name, const uint64_t *arguments, uint32_t count,
                        uint64_t *result) {
    if (module->state == MODULE_STOPPED) return module->stopped_because;
    IM3Function function;
    heap_begin(module);
    const char *error = m3_FindFunction(&function, module->runtime, name); // compiles it, if this is its first call
    if (error != m3Err_none) error = with_name(module, error, name);
    else error = call(module, function, arguments, count, result);
    heap_owner_end();
    if (error != NULL) {
        module->traps++;
        log_text(module->name, " stopped: ", error, NULL);
        module_stop(module, error);
    }
    return error;
}

void module_charge(struct module *module, uint32_t gas) {
    uint64_t left = module->limits.gas_left;
    module->limits.gas_left = left > gas ? left - gas : 0;
}

uint8_t *module_memory(struct module *module, uint32_t offset, uint32_t length) {
    if (module->loaded == NULL) return NULL;
    uint32_t size;
    uint8_t *memory = m3_GetMemory(module->runtime, &size, 0);
    return memory != NULL && offset <= size && length <= size - offset ? memory + offset : NULL;
}

const char *module_compile_all(struct module *module) {
    if (module->loaded == NULL) return "no module is loaded";
    heap_begin(module);
    const char *error = m3_CompileModule(module->loaded);
    heap_owner_end();
    return error;
}

static uint32_t count_compiled(const struct module *module) {
    uint32_t compiled = 0;
    for (uint32_t i = 0; i < module->loaded->numFunctions; i++) {
        const M3Function *function = &module->loaded->functions[i];
        if (function->import.fieldUtf8 == NULL && function->compiled != NULL) compiled++;
    }
    return compiled;
}

const char *module_drop_code(struct module *module) {
    if (module->loaded == NULL) return NULL;
    module->drops++;
    module->functions_dropped += count_compiled(module);
    heap_begin(module);
    FreeCodePages(&module->runtime->pagesOpen);
    FreeCodePages(&module->runtime->pagesFull);
    FreeCodePages(&module->environment->pagesReleased);
    module->runtime->numCodePages = 0;
    for (uint32_t i = 0; i < module->loaded->numFunctions; i++) {
        IM3Function function = &module->loaded->functions[i];
        function->compiled = NULL;
        // The compiler makes a new table of constants with the new code.
        m3_Free(function->constants);
        function->numConstantBytes = 0;
    }
    const char *error = link_imports(module);
    heap_owner_end();
    if (error != NULL) module_stop(module, error);
    return error;
}

uint32_t module_heap_left(const struct module *module) {
    uint32_t size = heap_size(), reserve = module->terms == NULL ? 0 : module->terms->heap_reserve_bytes;
    uint32_t granted = reserve < size ? size - reserve : 0, left = size - heap_figures().live;
    uint32_t own = granted > module->heap_bytes ? granted - module->heap_bytes : 0;
    return own < left ? own : left;
}

static uint32_t page_bytes(IM3CodePage page) {
    uint32_t bytes = 0;
    for (; page != NULL; page = page->info.next) {
        bytes += (uint32_t)(sizeof(M3CodePageHeader) + page->info.numLines * sizeof(code_t));
    }
    return bytes;
}

uint32_t module_code_bytes(const struct module *module) {
    if (module->loaded == NULL) return 0;
    return page_bytes(module->runtime->pagesOpen) + page_bytes(module->runtime->pagesFull) +
           page_bytes(module->environment->pagesReleased);
}

struct module_figures module_figures(const struct module *module) {
    struct module_figures figures = {0};
    if (module->loaded == NULL) return figures;
    figures.wasm_bytes = (uint32_t)(module->loaded->wasmEnd - module->loaded->wasmStart);
    figures.linear_memory = m3_GetMemorySize(module->runtime);
    figures.value_stack = module->terms->value_stack_bytes;
    figures.code = module_code_bytes(module);
    figures.structures = module->heap_bytes - figures.linear_memory - figures.value_stack - figures.code;
    for (uint32_t i = 0; i < module->loaded->numFunctions; i++) {
        if (module->loaded->functions[i].import.fieldUtf8 == NULL) figures.functions++;
    }
    figures.compiled = count_compiled(module);
    return figures;
}
