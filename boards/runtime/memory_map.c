#include "memory_map.h"

#include <string.h>

#include "bytes.h"
#include "frame.h"
#include "heap.h"
#include "module.h"
#include "stack.h"

// Section bounds from the board's linker script.
extern const char __text_start[], __text_end[], __wasm3_start[], __wasm3_end[], __crypto_start[], __crypto_end[];
extern const char __rodata_start[], __rodata_end[], __tables_start[], __tables_end[];
extern const char __image_start[], __image_end[], __data_start[], __data_end[], __bss_start[], __bss_end[];

static void put(const char *name, uint32_t value) {
    uint8_t length = (uint8_t)strlen(name);
    uint8_t bytes[4];
    put_u32(bytes, value);
    frame_put(&length, 1);
    frame_put(name, length);
    frame_put(bytes, sizeof bytes);
}

static uint32_t span(const char *start, const char *end) {
    return (uint32_t)(end - start);
}

void memory_map_put(void) {
    struct module_figures module = module_figures();
    struct module_cost cost = module_cost();
    struct heap_figures heap = heap_figures();
    uint32_t wasm3 = span(__wasm3_start, __wasm3_end), crypto = span(__crypto_start, __crypto_end);
    put("text_wasm3", wasm3);
    put("text_crypto", crypto);
    put("text_board", span(__text_start, __text_end) - wasm3 - crypto);
    put("rodata", span(__rodata_start, __rodata_end));
    put("crypto_tables", span(__tables_start, __tables_end));
    put("module_image", span(__image_start, __image_end));
    put("data", span(__data_start, __data_end));
    put("bss", span(__bss_start, __bss_end));
    put("stack", stack_bytes());
    put("stack_peak", stack_peak());
    put("heap_live", heap.live);
    put("heap_extent", heap.extent);
    put("structures", module.structures);
    put("linear_memory", module.linear_memory);
    put("wasm_stack", module.wasm_stack);
    put("code", module.code);
    put("functions", module.functions);
    put("functions_compiled", module.compiled);
    put("call_gas", cost.gas);
    put("call_us", cost.microseconds);
}
