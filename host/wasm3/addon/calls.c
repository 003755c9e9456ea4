/*
 * Calls across the border, both ways.
 *
 * wasm3's m3_Call always starts at the base of the wasm stack and would overwrite the frames of a call under way, so
 * calls from JavaScript run wasm3's code directly, at `next_frame`: the base for the outermost call, the running
 * import's own frame for a call made from inside it (its arguments have been read by then, its result is written
 * afterwards, and above it nothing is in use).
 */
#include "instance.h"

/* Below the limit an import still needs stack: V8, JavaScript, and whatever else it calls. */
enum { THREAD_STACK_RESERVE = 128 * 1024 };

static void enter(Instance *instance)
{
    if (instance->depth++ > 0)
        return; /* a nested call spends the outer one's gas and stack */

    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const uintptr_t wanted = here > instance->options.native_stack_bytes ? here - instance->options.native_stack_bytes : 0;
    const uintptr_t end = instance->addon->stack_end ? instance->addon->stack_end + THREAD_STACK_RESERVE : 0;

    instance->limits.gas_left = instance->options.gas;
    instance->limits.stack_floor = wanted > end ? wanted : end;
}

/* Runs a function whose arguments stand in its frame; on a trap an exception is pending afterwards. */
static bool run(napi_env env, Instance *instance, IM3Function function, m3stack_t frame)
{
    enter(instance);
    M3Result trap = RunCode(function->compiled, frame, instance->runtime->memory.mallocated, d_m3OpDefaultArgs);
    instance->depth--;

    memory_view_sync(env, instance);
    if (!trap)
        return true;
    if (trap != trap_js_exception)
        throw_trap(env, instance, trap);
    ClearBacktrace(instance->runtime);
    return false;
}

bool run_start(napi_env env, Instance *instance)
{
    M3Module *module = instance->module;

    if (module->startFunction < 0)
        return true;
    return run(env, instance, &module->functions[module->startFunction], instance->next_frame);
}

static bool read_arguments(napi_env env, const Export *export, const napi_value *values, uint64_t *slots)
{
    const M3FuncType *type = export->function->funcType;

    for (uint32_t i = 0; i < type->numArgs; i++) {
        const uint8_t wanted = d_FuncArgType(type, i);
        const ValueStatus status = value_from_js(env, values[i], wanted, &slots[i]);
        char found[32];

        if (status == VALUE_OK)
            continue;
        throw_error(env, export->instance->addon, "ARGUMENT", "argument %u of %s is %s, which is not an %s", i + 1,
                    export->name, value_describe(env, values[i], found, sizeof found), value_type_name(wanted));
        return false;
    }
    return true;
}

static napi_value read_results(napi_env env, const M3FuncType *type, const uint64_t *slots)
{
    napi_value results = NULL;

    if (type->numRets == 0)
        return NULL; /* undefined */
    if (type->numRets == 1)
        return value_to_js(env, d_FuncRetType(type, 0), slots);
    if (napi_create_array_with_length(env, type->numRets, &results) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < type->numRets; i++)
        napi_set_element(env, results, i, value_to_js(env, d_FuncRetType(type, i), &slots[i]));
    return results;
}

napi_value call_export(napi_env env, napi_callback_info info)
{
    napi_value values[MAX_ARITY];
    napi_value self = NULL;
    size_t count = MAX_ARITY;
    Export *export;

    if (napi_get_cb_info(env, info, &count, values, NULL, (void **)&export) != napi_ok)
        return NULL;

    Instance *instance = export->instance;
    const M3FuncType *type = export->function->funcType;
    uint64_t *frame = (uint64_t *)instance->next_frame;

    if (count != type->numArgs) {
        throw_error(env, instance->addon, "ARGUMENT", "%s takes %u arguments, not %zu", export->name, type->numArgs, count);
        return NULL;
    }
    /* The handle keeps the instance, and with it the imports, alive for the length of the call. */
    if (napi_get_reference_value(env, instance->self, &self) != napi_ok || !self)
        return NULL;
    /* The frame starts within the stack, and behind the stack is room for any signature's arguments (instance.c). */
    if (!read_arguments(env, export, values, frame + type->numRets))
        return NULL;
    if (!run(env, instance, export->function, (m3stack_t)frame))
        return NULL;
    return read_results(env, type, frame);
}

/* Stores what the import returned where wasm3 expects it; false, with an exception pending, if it does not fit. */
static bool store_result(napi_env env, Instance *instance, IM3Function function, napi_value value, uint64_t *slot)
{
    const M3FuncType *type = function->funcType;
    char found[32];

    if (type->numRets == 0 || value_from_js(env, value, d_FuncRetType(type, 0), slot) == VALUE_OK)
        return true;
    throw_error(env, instance->addon, "ARGUMENT", "import %s.%s returned %s, which is not an %s",
                function->import.moduleUtf8, function->import.fieldUtf8,
                value_describe(env, value, found, sizeof found), value_type_name(d_FuncRetType(type, 0)));
    return false;
}

static bool call_function(napi_env env, const Import *import, IM3Function function, uint64_t *frame)
{
    const M3FuncType *type = function->funcType;
    napi_value arguments[MAX_ARITY];
    napi_value callee = NULL;
    napi_value receiver = NULL;
    napi_value result = NULL;

    for (uint32_t i = 0; i < type->numArgs; i++)
        arguments[i] = value_to_js(env, d_FuncArgType(type, i), &frame[type->numRets + i]);
    if (napi_get_reference_value(env, import->function, &callee) != napi_ok || !callee ||
        napi_get_undefined(env, &receiver) != napi_ok ||
        napi_call_function(env, receiver, callee, type->numArgs, arguments, &result) != napi_ok)
        return false;
    return store_result(env, import->instance, function, result, frame);
}

const void *call_import(IM3Runtime runtime, IM3ImportContext context, uint64_t *frame, void *memory)
{
    const Import *import = context->userdata;
    Instance *instance = import->instance;
    m3stack_t outer_frame = instance->next_frame;
    napi_env env = instance->env;
    napi_handle_scope scope;
    bool done = false;
    (void)memory;

    /* wasm3 has just moved runtime->stack up here and will move it back. A nested memory.grow would compute the
     * stack's end from it, too high, so put it right meanwhile: nested calls go by next_frame. */
    runtime->stack = instance->stack_base;
    instance->next_frame = (m3stack_t)frame;
    memory_view_sync(env, instance);
    if (napi_open_handle_scope(env, &scope) == napi_ok) {
        done = call_function(env, import, context->function, frame);
        napi_close_handle_scope(env, scope);
    }
    instance->next_frame = outer_frame;
    return done ? m3Err_none : trap_js_exception;
}
