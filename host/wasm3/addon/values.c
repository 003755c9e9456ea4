/* Values between JavaScript and wasm3's 64-bit stack slots: i32, f32 and f64 as number, i64 as bigint. */
#include "instance.h"

#include <math.h>
#include <string.h>

const char *value_type_name(uint8_t type)
{
    static const char *const names[] = {"none", "i32", "i64", "f32", "f64"};
    return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

/*
 * Stricter than JavaScript's own WebAssembly, which would make 0 of undefined and 1 of 1.5: a wrong argument is a
 * mistake of the caller's. Both readings of the 32 bits are welcome, -1 as well as 0xffffffff.
 */
static ValueStatus i32_from_js(napi_env env, napi_value value, uint64_t *slot)
{
    double number;

    if (napi_get_value_double(env, value, &number) != napi_ok)
        return VALUE_WRONG_TYPE;
    if (!(number >= INT32_MIN && number <= UINT32_MAX) || number != trunc(number))
        return VALUE_OUT_OF_RANGE;
    const uint32_t bits = (uint32_t)(int64_t)number;
    memcpy(slot, &bits, sizeof bits);
    return VALUE_OK;
}

static ValueStatus i64_from_js(napi_env env, napi_value value, uint64_t *slot)
{
    bool lossless;
    int64_t number;

    if (napi_get_value_bigint_int64(env, value, &number, &lossless) != napi_ok)
        return VALUE_WRONG_TYPE;
    if (!lossless) {
        uint64_t bits;

        if (napi_get_value_bigint_uint64(env, value, &bits, &lossless) != napi_ok || !lossless)
            return VALUE_OUT_OF_RANGE;
        number = (int64_t)bits;
    }
    memcpy(slot, &number, sizeof number);
    return VALUE_OK;
}

static ValueStatus float_from_js(napi_env env, napi_value value, uint8_t type, uint64_t *slot)
{
    double number;

    if (napi_get_value_double(env, value, &number) != napi_ok)
        return VALUE_WRONG_TYPE;
    if (type == c_m3Type_f32) {
        const float narrow = (float)number;
        memcpy(slot, &narrow, sizeof narrow);
    } else {
        memcpy(slot, &number, sizeof number);
    }
    return VALUE_OK;
}

ValueStatus value_from_js(napi_env env, napi_value value, uint8_t type, uint64_t *slot)
{
    switch (type) {
    case c_m3Type_i32:
        return i32_from_js(env, value, slot);
    case c_m3Type_i64:
        return i64_from_js(env, value, slot);
    default:
        return float_from_js(env, value, type, slot);
    }
}

napi_value value_to_js(napi_env env, uint8_t type, const uint64_t *slot)
{
    napi_value value = NULL;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;

    switch (type) {
    case c_m3Type_i32:
        memcpy(&i32, slot, sizeof i32);
        napi_create_int32(env, i32, &value);
        break;
    case c_m3Type_i64:
        memcpy(&i64, slot, sizeof i64);
        napi_create_bigint_int64(env, i64, &value);
        break;
    case c_m3Type_f32:
        memcpy(&f32, slot, sizeof f32);
        napi_create_double(env, f32, &value);
        break;
    default:
        memcpy(&f64, slot, sizeof f64);
        napi_create_double(env, f64, &value);
        break;
    }
    return value;
}

const char *value_describe(napi_env env, napi_value value, char *buffer, size_t bytes)
{
    static const char *const names[] = {"undefined", "null",     "a boolean",  "a number",    "a string",
                                        "a symbol",  "an object", "a function", "an external", "a bigint"};
    napi_valuetype type;
    napi_value text;
    size_t length;

    if (napi_typeof(env, value, &type) != napi_ok || (size_t)type >= sizeof names / sizeof names[0])
        return "an unknown value";
    if (type != napi_number || napi_coerce_to_string(env, value, &text) != napi_ok ||
        napi_get_value_string_utf8(env, text, buffer, bytes, &length) != napi_ok)
        return names[type];
    return buffer;
}
