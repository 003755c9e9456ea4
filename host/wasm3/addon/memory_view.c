/*
 * The Uint8Array over the linear memory. It shares the bytes, so two things must hold: the bytes live as long as the
 * view's buffer (the buffer is one of the instance's owners), and no view is left on bytes that memory.grow has moved
 * (the view is detached before any JavaScript can look at it again).
 */
#include "instance.h"

static void buffer_collected(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)data;
    instance_release(hint);
}

static void *current_memory(const Instance *instance, size_t *length)
{
    uint32_t bytes = 0;
    void *memory = m3_GetMemory(instance->runtime, &bytes, 0);

    *length = bytes;
    return memory;
}

static void drop_view(napi_env env, Instance *instance)
{
    napi_value view = NULL;
    napi_value buffer = NULL;

    if (napi_get_reference_value(env, instance->view, &view) == napi_ok && view &&
        napi_get_typedarray_info(env, view, NULL, NULL, NULL, &buffer, NULL) == napi_ok)
        napi_detach_arraybuffer(env, buffer);
    napi_delete_reference(env, instance->view);
    instance->view = NULL;
}

void memory_view_sync(napi_env env, Instance *instance)
{
    size_t length;

    if (instance->view && (current_memory(instance, &length) != instance->view_bytes || length != instance->view_length))
        drop_view(env, instance);
}

napi_value memory_view(napi_env env, Instance *instance)
{
    napi_value buffer;
    napi_value view = NULL;
    size_t length;
    void *memory = current_memory(instance, &length);

    if (instance->view && napi_get_reference_value(env, instance->view, &view) == napi_ok && view) {
        size_t seen = 0;

        /* JavaScript may have detached it (structuredClone with a transfer list); then it gets a new one. */
        if (napi_get_typedarray_info(env, view, NULL, &seen, NULL, NULL, NULL) == napi_ok && seen == length)
            return view;
        drop_view(env, instance);
    }
    if (length == 0) {
        if (napi_create_arraybuffer(env, 0, NULL, &buffer) != napi_ok ||
            napi_create_typedarray(env, napi_uint8_array, 0, buffer, 0, &view) != napi_ok)
            return NULL;
        return view;
    }
    instance->owners++;
    if (napi_create_external_arraybuffer(env, memory, length, buffer_collected, instance, &buffer) != napi_ok) {
        instance->owners--;
        throw_error(env, instance->addon, "MEMORY", "this runtime cannot share a module's memory with JavaScript");
        return NULL;
    }
    if (napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &view) != napi_ok ||
        napi_create_reference(env, view, 1, &instance->view) != napi_ok)
        return NULL;
    instance->view_bytes = memory;
    instance->view_length = length;
    return view;
}
