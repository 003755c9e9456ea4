// The heap under wasm3, and nothing else: our own C allocates nothing. One arena from the linker script, first fit,
// counted so that the memory map can tell what a module costs.
#ifndef TIELINE_HEAP_H
#define TIELINE_HEAP_H

#include <stddef.h>
#include <stdint.h>

// wasm3 is compiled to call these in place of the C library's, which a board with an operating system needs itself.
void *heap_malloc(size_t length);
void *heap_calloc(size_t count, size_t size);
void *heap_realloc(void *payload, size_t length);
void heap_free(void *payload);

struct heap_figures {
    uint32_t live;   // bytes allocated now, headers included
    uint32_t extent; // highest byte of the arena ever allocated: what a chip must reserve
};

struct heap_figures heap_figures(void);

// Bytes there are, headers included.
uint32_t heap_size(void);

// What is allocated and freed between the two is counted for the owner, except for what another owner does in between.
// Beyond `limit` bytes nothing is allocated for it.
void heap_owner_begin(uint32_t *bytes, uint32_t limit);
void heap_owner_end(void);

#endif
