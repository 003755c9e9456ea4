/* Errors as JavaScript sees them: a message, a code, and for traps their kind and the wasm frames. */
#include "instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A runaway recursion leaves thousands of frames; the innermost ones tell the story. */
enum { MAX_FRAMES = 50, MESSAGE_BYTES = 512 };

const M3Result trap_js_exception = "[trap] exception in JavaScript";

static bool exception_pending(napi_env env)
{
    bool pending = true;

    return napi_is_exception_pending(env, &pending) != napi_ok || pending;
}

static napi_value make_error(napi_env env, const Addon *addon, const char *code, const char *message)
{
    napi_value arguments[2];
    napi_value class;
    napi_value error = NULL;

    if (napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &arguments[0]) != napi_ok ||
        napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &arguments[1]) != napi_ok)
        return NULL;
    if (addon->error_class && napi_get_reference_value(env, addon->error_class, &class) == napi_ok && class) {
        if (napi_new_instance(env, class, 2, arguments, &error) != napi_ok)
            return NULL;
    } else {
        napi_create_error(env, arguments[1], arguments[0], &error);
    }
    return error;
}

void throw_error(napi_env env, const Addon *addon, const char *code, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    if (exception_pending(env))
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    napi_value error = make_error(env, addon, code, message);
    if (error)
        napi_throw(env, error);
}

/* Short names of the traps for programs; the messages are wasm3's own words. */
static const char *trap_kind(M3Result trap)
{
    const struct {
        M3Result trap;
        const char *kind;
    } kinds[] = {
        {m3Err_trapUnreachable, "unreachable"},
        {m3Err_trapOutOfBoundsMemoryAccess, "out-of-bounds"},
        {m3Err_trapDivisionByZero, "divide-by-zero"},
        {m3Err_trapIntegerOverflow, "integer-overflow"},
        {m3Err_trapIntegerConversion, "invalid-conversion"},
        {m3Err_trapIndirectCallTypeMismatch, "indirect-call-type"},
        {m3Err_trapTableIndexOutOfRange, "undefined-element"},
        {m3Err_trapTableElementIsNull, "null-element"},
        {m3Err_trapStackOverflow, "stack-overflow"},
        {m3Err_trapGasExhausted, "gas-exhausted"},
        {m3Err_trapNativeStackExhausted, "native-stack-exhausted"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].trap == trap)
            return kinds[i].kind;
    return "other";
}

/* Module offset of a function's first instruction: behind the body's size and its local declarations. */
static uint32_t first_instruction(const M3Function *function)
{
    bytes_t at = function->wasm;
    uint32_t size, groups, count;
    int8_t type;

    if (ReadLEB_u32(&size, &at, function->wasmEnd) == m3Err_none &&
        ReadLEB_u32(&groups, &at, function->wasmEnd) == m3Err_none) {
        while (groups-- > 0)
            if (ReadLEB_u32(&count, &at, function->wasmEnd) != m3Err_none ||
                ReadLEB_i7(&type, &at, function->wasmEnd) != m3Err_none)
                break;
    }
    return (uint32_t)(at - function->module->wasmStart);
}

static bool set(napi_env env, napi_value object, const char *key, napi_value value)
{
    return napi_set_named_property(env, object, key, value) == napi_ok;
}

/* {index, name, offset}; a trap at a function's entry has no instruction of its own in wasm3's map, so it gets the first. */
static napi_value make_frame(napi_env env, const M3BacktraceFrame *frame)
{
    const M3Function *function = frame->function;
    const M3Module *module = function->module;
    const uint32_t start = (uint32_t)(function->wasm - module->wasmStart);
    const uint32_t end = (uint32_t)(function->wasmEnd - module->wasmStart);
    const bool inside = frame->moduleOffset >= start && frame->moduleOffset < end;
    napi_value object, index, name, offset;

    if (napi_create_object(env, &object) != napi_ok ||
        napi_create_uint32(env, (uint32_t)(function - module->functions), &index) != napi_ok ||
        napi_create_string_utf8(env, m3_GetFunctionName(frame->function), NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_uint32(env, inside ? frame->moduleOffset : first_instruction(function), &offset) != napi_ok ||
        !set(env, object, "index", index) || !set(env, object, "name", name) || !set(env, object, "offset", offset))
        return NULL;
    return object;
}

static napi_value make_frames(napi_env env, const M3BacktraceInfo *backtrace)
{
    uint32_t count = 0;
    napi_value frames;

    if (napi_create_array(env, &frames) != napi_ok)
        return NULL;
    for (const M3BacktraceFrame *frame = backtrace->frames; frame && count < MAX_FRAMES; frame = frame->next) {
        if (!frame->function || !frame->function->wasm) /* wasm3's stub for an import, not a frame of the module */
            continue;
        napi_value object = make_frame(env, frame);
        if (!object || napi_set_element(env, frames, count++, object) != napi_ok)
            return NULL;
    }
    return frames;
}

void throw_trap(napi_env env, Instance *instance, M3Result trap)
{
    static const char prefix[] = "[trap] ";
    const bool prefixed = strncmp(trap, prefix, sizeof prefix - 1) == 0;
    napi_value error, kind, frames;

    if (exception_pending(env))
        return;
    error = make_error(env, instance->addon, "TRAP", prefixed ? trap + sizeof prefix - 1 : trap);
    if (!error)
        return;
    if (napi_create_string_utf8(env, trap_kind(trap), NAPI_AUTO_LENGTH, &kind) == napi_ok)
        set(env, error, "kind", kind);
    frames = make_frames(env, &instance->runtime->backtrace);
    if (frames)
        set(env, error, "frames", frames);
    napi_throw(env, error);
}
