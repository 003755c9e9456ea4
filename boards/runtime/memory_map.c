#include "memory_map.h"

#include <string.h>

#include "bytes.h"
#include "code_cache.h"
#include "frame.h"
#include "heap.h"
#include "service.h"
#include "stack.h"

void memory_map_put(const char *name, uint32_t value) {
    uint8_t length = (uint8_t)strlen(name);
    uint8_t bytes[4];
    put_u32(bytes, value);
    frame_put(&length, 1);
    frame_put(name, length);
    frame_put(bytes, sizeof bytes);
}

void memory_map_all(const struct module *module) {
    struct module_figures figures = module_figures(module);
    struct code_cache_figures cache = code_cache_figures();
    struct heap_figures heap = heap_figures();
    memory_map_sections();
    memory_map_put("stack", stack_bytes());
    memory_map_put("stack_peak", stack_peak());
    memory_map_put("heap_live", heap.live);
    memory_map_put("heap_extent", heap.extent);
    memory_map_put("code_cache_limit", cache.limit);
    memory_map_put("code_cache", cache.now);
    memory_map_put("code_cache_peak", cache.peak);
    memory_map_put("structures", figures.structures);
    memory_map_put("linear_memory", figures.linear_memory);
    memory_map_put("wasm_stack", figures.value_stack);
    memory_map_put("wasm_stack_peak", figures.value_stack_peak);
    memory_map_put("code", figures.code);
    memory_map_put("code_peak", module->code_peak);
    memory_map_put("code_drops", module->drops);
    memory_map_put("functions", figures.functions);
    memory_map_put("functions_compiled", figures.compiled);
    memory_map_put("functions_dropped", module->functions_dropped);
    memory_map_put("start_cycles", service_start_cycles());
    memory_map_put("call_gas", module->cost.gas);
    memory_map_put("call_us", module->cost.microseconds);
    memory_map_put("call_cycles", module->cost.cycles);
}
