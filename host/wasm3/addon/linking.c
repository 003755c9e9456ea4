/* Imports and exports: binding them to JavaScript functions, and listing them. */
#include "instance.h"

#include <stdlib.h>

static bool within_arity(napi_env env, const Instance *instance, const M3FuncType *type, const char *name)
{
    if (type->numArgs <= MAX_ARITY && type->numRets <= MAX_ARITY)
        return true;
    throw_error(env, instance->addon, "UNSUPPORTED", "function %s has more than %d parameters or results", name, MAX_ARITY);
    return false;
}

/* A property JavaScript can neither see by name nor change: it carries an edge for the garbage collector. */
static bool set_hidden(napi_env env, napi_value object, const char *description, napi_value value)
{
    napi_value text, key;

    if (napi_create_string_utf8(env, description, NAPI_AUTO_LENGTH, &text) != napi_ok ||
        napi_create_symbol(env, text, &key) != napi_ok)
        return false;
    const napi_property_descriptor property = {.name = key, .value = value, .attributes = napi_default};
    return napi_define_properties(env, object, 1, &property) == napi_ok;
}

static bool is_type(napi_env env, napi_value value, napi_valuetype wanted)
{
    napi_valuetype type;

    return napi_typeof(env, value, &type) == napi_ok && type == wanted;
}

/* imports[module][name], or NULL with an exception pending. */
static napi_value find_import(napi_env env, const Instance *instance, const M3ImportInfo *names, napi_value imports)
{
    napi_value module, function;

    if (napi_get_named_property(env, imports, names->moduleUtf8, &module) != napi_ok)
        return NULL;
    if (is_type(env, module, napi_object) || is_type(env, module, napi_function)) {
        if (napi_get_named_property(env, module, names->fieldUtf8, &function) != napi_ok)
            return NULL;
        if (is_type(env, function, napi_function))
            return function;
    }
    throw_error(env, instance->addon, "LINK", "import %s.%s is not a function", names->moduleUtf8, names->fieldUtf8);
    return NULL;
}

static bool link_imports(napi_env env, Instance *instance, napi_value self, napi_value imports)
{
    const uint32_t count = instance->module->numFuncImports;
    napi_value keep;

    instance->imports = calloc(count ? count : 1, sizeof *instance->imports);
    if (!instance->imports || napi_create_array_with_length(env, count, &keep) != napi_ok)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        IM3Function function = &instance->module->functions[i];
        Import *import = &instance->imports[i];
        napi_value callee = find_import(env, instance, &function->import, imports);

        if (!callee || !within_arity(env, instance, function->funcType, function->import.fieldUtf8))
            return false;
        if (function->funcType->numRets > 1) {
            throw_error(env, instance->addon, "UNSUPPORTED", "import %s.%s has more than one result",
                        function->import.moduleUtf8, function->import.fieldUtf8);
            return false;
        }
        import->instance = instance;
        if (napi_set_element(env, keep, i, callee) != napi_ok ||
            napi_create_reference(env, callee, 0, &import->function) != napi_ok)
            return false;
        M3Result error = CompileRawFunction(instance->module, function, (const void *)call_import, import);
        if (error) {
            throw_error(env, instance->addon, "LINK", "import %s.%s: %s", function->import.moduleUtf8,
                        function->import.fieldUtf8, error);
            return false;
        }
    }
    return napi_object_freeze(env, keep) == napi_ok && set_hidden(env, self, "imports", keep);
}

/*
 * All at once rather than on first use: an instruction wasm3 lacks shows up now, and wasm3 itself cannot recover from a
 * failure later (op_Compile turns into op_Call before it knows whether there is anything to call).
 */
static bool compile(napi_env env, Instance *instance)
{
    M3ErrorInfo details;
    M3Result error = m3_CompileModule(instance->module);

    if (!error)
        return true;
    m3_GetErrorInfo(instance->runtime, &details);
    const M3Function *function = instance->runtime->compilation.function;
    throw_error(env, instance->addon, "UNSUPPORTED", "cannot compile function %u: %s %s",
                function ? (unsigned)(function - instance->module->functions) : 0, error,
                details.message ? details.message : "");
    return false;
}

static bool make_exports(napi_env env, Instance *instance, napi_value self)
{
    const Sections *sections = &instance->sections;
    napi_value exports;

    instance->exports = calloc(sections->export_count ? sections->export_count : 1, sizeof *instance->exports);
    if (!instance->exports || napi_create_object(env, &exports) != napi_ok)
        return false;
    for (uint32_t i = 0; i < sections->export_count; i++) {
        const ExportName *name = &sections->exports[i];
        Export *export = &instance->exports[i];
        napi_value function;

        if (name->kind != KIND_FUNCTION)
            continue;
        export->instance = instance;
        export->name = name->name;
        export->function = Module_GetFunction(instance->module, name->index);
        if (!export->function || !export->function->compiled) {
            throw_error(env, instance->addon, "LINK", "export %s is not a function of the module", name->name);
            return false;
        }
        if (!within_arity(env, instance, export->function->funcType, name->name) ||
            napi_create_function(env, name->name, NAPI_AUTO_LENGTH, call_export, export, &function) != napi_ok ||
            !set_hidden(env, function, "instance", self) ||
            napi_set_named_property(env, exports, name->name, function) != napi_ok)
            return false;
    }
    const napi_property_descriptor property = {
        .utf8name = "exports", .value = exports, .attributes = napi_enumerable};
    return napi_object_freeze(env, exports) == napi_ok && napi_define_properties(env, self, 1, &property) == napi_ok;
}

bool instance_link(napi_env env, Instance *instance, napi_value self, napi_value imports)
{
    return link_imports(env, instance, self, imports) && compile(env, instance) && make_exports(env, instance, self) &&
           run_start(env, instance);
}

static bool set_string(napi_env env, napi_value object, const char *key, const char *text)
{
    napi_value value;

    return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
           napi_set_named_property(env, object, key, value) == napi_ok;
}

static bool set_types(napi_env env, napi_value object, const char *key, const uint8_t *types, uint32_t count)
{
    napi_value list, name;

    if (napi_create_array_with_length(env, count, &list) != napi_ok)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (napi_create_string_utf8(env, value_type_name(types[i]), NAPI_AUTO_LENGTH, &name) != napi_ok ||
            napi_set_element(env, list, i, name) != napi_ok)
            return false;
    return napi_set_named_property(env, object, key, list) == napi_ok;
}

static bool set_signature(napi_env env, napi_value object, const M3FuncType *type)
{
    return set_types(env, object, "params", type->types + type->numRets, type->numArgs) &&
           set_types(env, object, "results", type->types, type->numRets);
}

napi_value list_imports(napi_env env, Instance *instance)
{
    napi_value list, entry;

    if (napi_create_array(env, &list) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < instance->module->numFuncImports; i++) {
        const M3Function *function = &instance->module->functions[i];

        if (napi_create_object(env, &entry) != napi_ok ||
            !set_string(env, entry, "module", function->import.moduleUtf8) ||
            !set_string(env, entry, "name", function->import.fieldUtf8) || !set_string(env, entry, "kind", "function") ||
            !set_signature(env, entry, function->funcType) || napi_set_element(env, list, i, entry) != napi_ok)
            return NULL;
    }
    return list;
}

napi_value list_exports(napi_env env, Instance *instance)
{
    const Sections *sections = &instance->sections;
    napi_value list, entry;

    if (napi_create_array(env, &list) != napi_ok)
        return NULL;
    for (uint32_t i = 0; i < sections->export_count; i++) {
        const ExportName *name = &sections->exports[i];

        if (napi_create_object(env, &entry) != napi_ok || !set_string(env, entry, "name", name->name) ||
            !set_string(env, entry, "kind", kind_name(name->kind)))
            return NULL;
        if (name->kind == KIND_FUNCTION && !set_signature(env, entry, instance->exports[i].function->funcType))
            return NULL;
        if (napi_set_element(env, list, i, entry) != napi_ok)
            return NULL;
    }
    return list;
}
