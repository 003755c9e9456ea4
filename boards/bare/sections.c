// Section bounds from the linker script of a board without an operating system, for the memory map.
#include "memory_map.h"

extern const char __text_start[], __text_end[], __wasm3_start[], __wasm3_end[], __crypto_start[], __crypto_end[];
extern const char __rodata_start[], __rodata_end[], __tables_start[], __tables_end[];
extern const char __image_start[], __image_end[], __node_image_start[], __node_image_end[];
extern const char __data_start[], __data_end[], __bss_start[], __bss_end[];

static uint32_t span(const char *start, const char *end) {
    return (uint32_t)(end - start);
}

void memory_map_sections(void) {
    uint32_t wasm3 = span(__wasm3_start, __wasm3_end), crypto = span(__crypto_start, __crypto_end);
    memory_map_put("text_wasm3", wasm3);
    memory_map_put("text_crypto", crypto);
    memory_map_put("text_board", span(__text_start, __text_end) - wasm3 - crypto);
    memory_map_put("rodata", span(__rodata_start, __rodata_end));
    memory_map_put("crypto_tables", span(__tables_start, __tables_end));
    memory_map_put("module_image", span(__image_start, __image_end));
    memory_map_put("node_image", span(__node_image_start, __node_image_end));
    memory_map_put("data", span(__data_start, __data_end));
    memory_map_put("bss", span(__bss_start, __bss_end));
}
