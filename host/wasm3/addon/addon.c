/*
 * Module and class definition. Nothing here or elsewhere in the addon is process-wide: every Node environment gets its
 * own Addon, every instance its own wasm3.
 */
#include "instance.h"

#include <stdlib.h>

/* Random; tells our objects from other addons'. */
static const napi_type_tag INSTANCE_TAG = {0x6f1c9a1de5b34c27, 0x9d0be4f3c8a71562};

static const Options DEFAULT_OPTIONS = {
    .stack_bytes = 64 * 1024, .memory_bytes = 0, .native_stack_bytes = 512 * 1024, .gas = M3_GAS_UNLIMITED};

static Addon *get_addon(napi_env env)
{
    Addon *addon = NULL;

    napi_get_instance_data(env, (void **)&addon);
    return addon;
}

static void instance_collected(napi_env env, void *data, void *hint)
{
    Instance *instance = data;
    int64_t total;
    (void)hint;

    if (instance->view)
        napi_delete_reference(env, instance->view);
    if (instance->imports)
        for (uint32_t i = 0; i < instance->module->numFuncImports; i++)
            if (instance->imports[i].function)
                napi_delete_reference(env, instance->imports[i].function);
    if (instance->self)
        napi_delete_reference(env, instance->self);
    napi_adjust_external_memory(env, -instance->external_bytes, &total);
    instance_release(instance);
}

static bool bad_option(napi_env env, const Addon *addon, const char *name)
{
    throw_error(env, addon, "ARGUMENT", "option %s is out of range or not a number", name);
    return false;
}

/* Leaves *number alone if the option is absent. */
static bool read_option(napi_env env, napi_value options, const char *name, uint64_t least, uint64_t most, uint64_t *number)
{
    const Addon *addon = get_addon(env);
    napi_valuetype type;
    napi_value value;
    double real;
    bool lossless = true;

    if (napi_get_named_property(env, options, name, &value) != napi_ok || napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_undefined)
        return true;
    if (type == napi_bigint) {
        if (napi_get_value_bigint_uint64(env, value, number, &lossless) != napi_ok || !lossless)
            return bad_option(env, addon, name);
    } else {
        if (napi_get_value_double(env, value, &real) != napi_ok || !(real >= 0 && real <= 9007199254740991.0) ||
            real != (double)(uint64_t)real)
            return bad_option(env, addon, name);
        *number = (uint64_t)real;
    }
    return (*number >= least && *number <= most) || bad_option(env, addon, name);
}

static bool read_options(napi_env env, napi_value value, Options *options)
{
    enum { LEAST_STACK = 256, MOST_STACK = 64 * 1024 * 1024 };
    uint64_t stack = options->stack_bytes;
    uint64_t memory = options->memory_bytes;
    uint64_t native_stack = options->native_stack_bytes;
    napi_valuetype type;

    if (napi_typeof(env, value, &type) != napi_ok)
        return false;
    if (type == napi_undefined)
        return true;
    if (type != napi_object) {
        throw_error(env, get_addon(env), "ARGUMENT", "options must be an object");
        return false;
    }
    if (!read_option(env, value, "stackBytes", LEAST_STACK, MOST_STACK, &stack) ||
        !read_option(env, value, "memoryBytes", 1, UINT32_MAX, &memory) ||
        !read_option(env, value, "nativeStackBytes", 1024, UINT32_MAX, &native_stack) ||
        !read_option(env, value, "gas", 0, UINT64_MAX, &options->gas))
        return false;
    options->stack_bytes = (uint32_t)stack & ~7u;
    options->memory_bytes = (uint32_t)memory;
    options->native_stack_bytes = (uint32_t)native_stack;
    return true;
}

static bool read_wasm(napi_env env, napi_value value, const uint8_t **wasm, size_t *bytes)
{
    napi_typedarray_type type;
    bool is_typed_array = false;

    if (napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
        napi_get_typedarray_info(env, value, &type, bytes, (void **)wasm, NULL, NULL) == napi_ok &&
        type == napi_uint8_array && *bytes <= INT32_MAX)
        return true;
    throw_error(env, get_addon(env), "ARGUMENT", "the module must be a Uint8Array");
    return false;
}

static bool is_object(napi_env env, napi_value value)
{
    napi_valuetype type;

    return napi_typeof(env, value, &type) == napi_ok && type == napi_object;
}

/* new Instance(wasm, imports, options) */
static napi_value construct(napi_env env, napi_callback_info info)
{
    Addon *addon = get_addon(env);
    Options options = DEFAULT_OPTIONS;
    napi_value arguments[3], self, target = NULL;
    size_t count = 3;
    const uint8_t *wasm = NULL;
    size_t bytes = 0;
    int64_t total;

    if (napi_get_cb_info(env, info, &count, arguments, &self, NULL) != napi_ok ||
        napi_get_new_target(env, info, &target) != napi_ok)
        return NULL;
    if (!target || !is_object(env, arguments[1])) {
        throw_error(env, addon, "ARGUMENT", "use new Instance(wasm, imports, options)");
        return NULL;
    }
    if (!read_wasm(env, arguments[0], &wasm, &bytes) || !read_options(env, arguments[2], &options))
        return NULL;

    Instance *instance = instance_new(env, addon, wasm, bytes, &options);
    if (!instance)
        return NULL;
    if (napi_wrap(env, self, instance, instance_collected, NULL, NULL) != napi_ok) {
        instance_release(instance);
        return NULL;
    }
    /* From here on the garbage collector frees it, however linking ends. */
    instance->external_bytes = (int64_t)(sizeof(Instance) + sizeof(M3Runtime) + bytes + options.stack_bytes +
                                         m3_GetMemorySize(instance->runtime));
    napi_adjust_external_memory(env, instance->external_bytes, &total);
    if (napi_type_tag_object(env, self, &INSTANCE_TAG) != napi_ok ||
        napi_create_reference(env, self, 0, &instance->self) != napi_ok ||
        !instance_link(env, instance, self, arguments[1]))
        return NULL;
    return self;
}

static Instance *this_instance(napi_env env, napi_callback_info info)
{
    Instance *instance = NULL;
    napi_value self;
    bool ours = false;

    if (napi_get_cb_info(env, info, NULL, NULL, &self, NULL) == napi_ok && is_object(env, self) &&
        napi_check_object_type_tag(env, self, &INSTANCE_TAG, &ours) == napi_ok && ours)
        napi_unwrap(env, self, (void **)&instance);
    /* An object whose construction failed half way has no exports. */
    if (!instance || !instance->exports) {
        throw_error(env, get_addon(env), "ARGUMENT", "this is not an Instance");
        return NULL;
    }
    return instance;
}

static napi_value get_memory(napi_env env, napi_callback_info info)
{
    Instance *instance = this_instance(env, info);

    return instance ? memory_view(env, instance) : NULL;
}

static napi_value get_gas_used(napi_env env, napi_callback_info info)
{
    Instance *instance = this_instance(env, info);
    napi_value value = NULL;

    if (instance)
        napi_create_bigint_uint64(env, instance->options.gas - instance->limits.gas_left, &value);
    return value;
}

static napi_value get_code_bytes(napi_env env, napi_callback_info info)
{
    Instance *instance = this_instance(env, info);
    napi_value value = NULL;

    if (instance)
        napi_create_uint32(env, instance_code_bytes(instance), &value);
    return value;
}

static napi_value get_imports(napi_env env, napi_callback_info info)
{
    Instance *instance = this_instance(env, info);

    return instance ? list_imports(env, instance) : NULL;
}

static napi_value get_exports(napi_env env, napi_callback_info info)
{
    Instance *instance = this_instance(env, info);

    return instance ? list_exports(env, instance) : NULL;
}

/* useErrorClass(class): errors will be `new class(message, code)`. */
static napi_value use_error_class(napi_env env, napi_callback_info info)
{
    Addon *addon = get_addon(env);
    napi_valuetype type = napi_undefined;
    napi_value class;
    size_t count = 1;

    if (napi_get_cb_info(env, info, &count, &class, NULL, NULL) != napi_ok || napi_typeof(env, class, &type) != napi_ok)
        return NULL;
    if (type != napi_function) {
        throw_error(env, addon, "ARGUMENT", "useErrorClass takes a class");
        return NULL;
    }
    if (addon->error_class)
        napi_delete_reference(env, addon->error_class);
    addon->error_class = NULL;
    napi_create_reference(env, class, 1, &addon->error_class);
    return NULL;
}

/* Instances that outlive the environment's data (their finalizers may run later) do not look at it any more. */
static void addon_collected(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    free(data);
}

NAPI_MODULE_INIT()
{
    const napi_property_descriptor members[] = {
        {.utf8name = "memory", .getter = get_memory, .attributes = napi_enumerable},
        {.utf8name = "gasUsed", .getter = get_gas_used, .attributes = napi_enumerable},
        {.utf8name = "codeBytes", .getter = get_code_bytes, .attributes = napi_enumerable},
        {.utf8name = "importList", .getter = get_imports, .attributes = napi_enumerable},
        {.utf8name = "exportList", .getter = get_exports, .attributes = napi_enumerable},
    };
    Addon *addon = calloc(1, sizeof *addon);
    napi_value class;

    if (!addon)
        return NULL;
    addon->env = env;
    addon->stack_end = thread_stack_end();
    if (napi_set_instance_data(env, addon, addon_collected, NULL) != napi_ok) {
        free(addon);
        return NULL;
    }
    if (napi_define_class(env, "Instance", NAPI_AUTO_LENGTH, construct, NULL, sizeof members / sizeof members[0], members,
                          &class) != napi_ok)
        return NULL;
    const napi_property_descriptor properties[] = {
        {.utf8name = "Instance", .value = class, .attributes = napi_enumerable},
        {.utf8name = "useErrorClass", .method = use_error_class, .attributes = napi_enumerable},
    };
    napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties);
    return exports;
}
