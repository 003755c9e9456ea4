/*
 * A wasm3 instance as JavaScript sees it, and what the addon's files offer one another.
 *
 * Everything hangs off one Instance: its own wasm3 environment, runtime and module, so that instances share nothing and
 * may run on different threads. Ownership:
 *  - the JS object `Instance` wraps the struct; every ArrayBuffer over the linear memory shares it (`owners` counts
 *    both), so that a view never outlives the bytes;
 *  - imported JS functions are kept alive by a frozen array on the JS object and referred to weakly from here. A strong
 *    reference would make a root of a closure that uses the instance it was given to, and neither would ever be freed;
 *  - bound export functions carry the JS object as a property, so that holding one keeps all the rest.
 */
#ifndef WASM3_ADDON_INSTANCE_H
#define WASM3_ADDON_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <node_api.h>

#include "m3_env.h"

#include "../metered/m3_limits.h"
#include "sections.h"

/** The most parameters or results of an imported or exported function; more is refused when linking. */
#define MAX_ARITY 32

/** What one Node environment (main thread or worker) keeps. */
typedef struct Addon {
    napi_env env;
    /** Class of the errors thrown, if JavaScript named one; else plain Error. */
    napi_ref error_class;
    /** Lowest address of this thread's stack that wasm may reach; 0 if unknown. */
    uintptr_t stack_end;
} Addon;

typedef struct Import {
    struct Instance *instance;
    napi_ref function; /* weak */
} Import;

typedef struct Export {
    struct Instance *instance;
    IM3Function function;
    const char *name;
} Export;

typedef struct Options {
    uint32_t stack_bytes;
    uint32_t memory_bytes;
    uint32_t native_stack_bytes;
    uint64_t gas;
} Options;

typedef struct Instance {
    M3Limits limits; /* first: this struct is the runtime's user data */
    Addon *addon;
    napi_env env;
    napi_ref self; /* weak */
    napi_ref view; /* the Uint8Array last handed out, or NULL */
    const void *view_bytes;
    size_t view_length;
    IM3Environment environment;
    IM3Runtime runtime;
    IM3Module module;
    uint8_t *wasm; /* wasm3 reads from it for as long as the module lives */
    Sections sections;
    Import *imports;
    Export *exports;
    Options options;
    m3stack_t stack_base;
    m3stack_t next_frame; /* where a call from JavaScript puts its frame: the base, or above the running import's caller */
    uint32_t depth;       /* calls from JavaScript under way */
    uint32_t owners;
    int64_t external_bytes;
} Instance;

/* instance.c */
/** Parses and loads; throws and returns NULL on failure. The caller is the first owner. */
Instance *instance_new(napi_env env, Addon *addon, const uint8_t *wasm, size_t bytes, const Options *options);
void instance_release(Instance *instance);
/** Bytes of compiled M3 code. */
uint32_t instance_code_bytes(const Instance *instance);

/* linking.c */
/** Links the imports, compiles everything, makes the export functions, runs the start function; false if it threw. */
bool instance_link(napi_env env, Instance *instance, napi_value self, napi_value imports);
/** [{module?, name, kind, params?, results?}] */
napi_value list_imports(napi_env env, Instance *instance);
napi_value list_exports(napi_env env, Instance *instance);

/* calls.c */
/** N-API callback of every export function; its data is the Export. */
napi_value call_export(napi_env env, napi_callback_info info);
/** wasm3's raw function for every import; its user data is the Import. */
const void *call_import(IM3Runtime runtime, IM3ImportContext context, uint64_t *frame, void *memory);
bool run_start(napi_env env, Instance *instance);

/* memory_view.c */
napi_value memory_view(napi_env env, Instance *instance);
/** To be called before JavaScript runs again after wasm did: detaches a view whose memory has moved. */
void memory_view_sync(napi_env env, Instance *instance);

/* values.c */
typedef enum { VALUE_OK, VALUE_WRONG_TYPE, VALUE_OUT_OF_RANGE } ValueStatus;
ValueStatus value_from_js(napi_env env, napi_value value, uint8_t type, uint64_t *slot);
/** NULL if V8 refused, which it does only with an exception pending. */
napi_value value_to_js(napi_env env, uint8_t type, const uint64_t *slot);
const char *value_type_name(uint8_t type);
/** What the value is, for an error message: "a string", "1.5", "undefined". */
const char *value_describe(napi_env env, napi_value value, char *buffer, size_t bytes);

/* errors.c */
/** Throws an error with this code ("LINK", ...), unless an exception is pending already. */
void throw_error(napi_env env, const Addon *addon, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Throws the error for a trap, with wasm3's backtrace. */
void throw_trap(napi_env env, Instance *instance, M3Result trap);
/** Result of an import that threw: the exception is pending and must reach the caller unchanged. */
extern const M3Result trap_js_exception;

/* thread_stack.c */
/** Lowest usable address of the calling thread's stack, or 0. */
uintptr_t thread_stack_end(void);

#endif
