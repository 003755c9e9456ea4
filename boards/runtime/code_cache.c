#include "code_cache.h"

#include "metrology.h"
#include "node.h"

// What a board grants in its board.mk.
#ifndef CODE_CACHE_BYTES
#define CODE_CACHE_BYTES (220u * 1024)
#endif

// What one call of the node may compile, and nothing can be dropped while it runs: measured were 114 KB. Where less is
// left for it, its code is dropped though the limit is not reached.
#define CALL_CODE_BYTES (30720u * (uint32_t)sizeof(void *))

static uint32_t limit = CODE_CACHE_BYTES, peak;

static uint32_t total(void) {
    uint32_t of_metrology = module_code_bytes(&metrology_module), of_node = module_code_bytes(&node_module);
    if (of_metrology > metrology_module.code_peak) metrology_module.code_peak = of_metrology;
    if (of_node > node_module.code_peak) node_module.code_peak = of_node;
    return of_metrology + of_node;
}

void code_cache_trim(void) {
    uint32_t bytes = total();
    if (bytes > peak) peak = bytes;
    // Where it cannot be linked again the module is stopped, and whoever calls it next is told.
    int scarce = module_code_bytes(&node_module) > 0 && module_heap_left(&node_module) < CALL_CODE_BYTES;
    if (bytes > limit || scarce) (void)module_drop_code(&node_module);
    if (total() > limit) (void)module_drop_code(&metrology_module);
}

void code_cache_set_limit(uint32_t bytes) {
    limit = bytes;
    peak = metrology_module.code_peak = node_module.code_peak = 0;
}

struct code_cache_figures code_cache_figures(void) {
    return (struct code_cache_figures){limit, total(), peak};
}
