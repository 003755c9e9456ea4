/* Life of an instance's wasm3 side. */
#include "instance.h"

#include <stdlib.h>
#include <string.h>

/* m3_FreeRuntime calls it; its file m3_info.c is left out for the sake of its static buffers, which threads would share. */
void m3_PrintProfilerInfo(void)
{
}

/*
 * wasm3 checks its stack when a function is entered, after the caller has written the arguments: the frame's first
 * words may lie beyond the limit by as much as one signature takes. The stack is allocated longer by that much.
 */
static uint32_t argument_bytes(const M3Module *module)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < module->numFuncTypes; i++) {
        const M3FuncType *type = module->funcTypes[i];
        const uint32_t values = (uint32_t)type->numArgs + type->numRets;

        if (values > most)
            most = values;
    }
    return (most + 2) * (uint32_t)sizeof(uint64_t);
}

static bool parse(napi_env env, Instance *instance, size_t bytes)
{
    M3Result error = sections_read(&instance->sections, instance->wasm, bytes);

    if (!error && instance->sections.foreign_name) {
        throw_error(env, instance->addon, "UNSUPPORTED", "import %s.%s is a %s; wasm3 can import functions only",
                    instance->sections.foreign_module, instance->sections.foreign_name,
                    kind_name(instance->sections.foreign_kind));
        return false;
    }
    if (!error)
        error = m3_ParseModule(instance->environment, &instance->module, instance->wasm, (uint32_t)bytes);
    if (error)
        throw_error(env, instance->addon, "PARSE", "cannot parse the module: %s", error);
    return !error;
}

static bool load(napi_env env, Instance *instance)
{
    const uint32_t spare = argument_bytes(instance->module);

    for (uint32_t i = 0; i < instance->module->numDataSegments; i++) {
        if (instance->module->dataSegments[i].memoryRegion != 0) {
            throw_error(env, instance->addon, "UNSUPPORTED", "data segment %u is passive; wasm3 knows active ones only", i);
            return false;
        }
    }
    instance->runtime = m3_NewRuntime(instance->environment, instance->options.stack_bytes + spare, instance);
    if (!instance->runtime) {
        throw_error(env, instance->addon, "MEMORY", "no memory for a wasm stack of %u bytes", instance->options.stack_bytes);
        return false;
    }
    instance->runtime->numStackSlots -= spare / sizeof(m3slot_t);
    instance->runtime->memoryLimit = instance->options.memory_bytes;
    instance->stack_base = instance->next_frame = instance->runtime->stack;

    M3Result error = m3_LoadModule(instance->runtime, instance->module);
    if (error) {
        throw_error(env, instance->addon, "LINK", "cannot load the module: %s", error);
        return false;
    }
    return true;
}

Instance *instance_new(napi_env env, Addon *addon, const uint8_t *wasm, size_t bytes, const Options *options)
{
    Instance *instance = calloc(1, sizeof *instance);

    if (!instance) {
        throw_error(env, addon, "MEMORY", "no memory for an instance");
        return NULL;
    }
    instance->addon = addon;
    instance->env = env;
    instance->owners = 1;
    instance->options = *options;
    instance->limits.gas_left = options->gas;
    instance->environment = m3_NewEnvironment();
    instance->wasm = malloc(bytes ? bytes : 1);
    if (!instance->environment || !instance->wasm) {
        throw_error(env, addon, "MEMORY", "no memory for a module of %zu bytes", bytes);
    } else {
        memcpy(instance->wasm, wasm, bytes);
        if (parse(env, instance, bytes) && load(env, instance))
            return instance;
    }
    instance_release(instance);
    return NULL;
}

void instance_release(Instance *instance)
{
    if (--instance->owners > 0)
        return;
    if (instance->runtime) {
        /* m3_FreeRuntime forgets the frames of the last trap. */
        ClearBacktrace(instance->runtime);
        /* A module that failed to load is not yet the runtime's to free. */
        if (instance->module && !instance->module->runtime)
            m3_FreeModule(instance->module);
        m3_FreeRuntime(instance->runtime);
    } else {
        m3_FreeModule(instance->module);
    }
    m3_FreeEnvironment(instance->environment);
    sections_free(&instance->sections);
    free(instance->imports);
    free(instance->exports);
    free(instance->wasm);
    free(instance);
}

static uint32_t page_bytes(const M3CodePage *page)
{
    uint32_t bytes = 0;

    for (; page; page = page->info.next)
        bytes += page->info.lineIndex * (uint32_t)sizeof(code_t);
    return bytes;
}

uint32_t instance_code_bytes(const Instance *instance)
{
    return page_bytes(instance->runtime->pagesOpen) + page_bytes(instance->runtime->pagesFull);
}
