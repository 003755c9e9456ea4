#include "heap.h"

#include <string.h>

#ifdef HEAP_POISONED // the address sanitizer then knows which parts of the arena are allocated
#include <sanitizer/asan_interface.h>
#define POISON(at, length) __asan_poison_memory_region(at, length)
#define UNPOISON(at, length) __asan_unpoison_memory_region(at, length)
#else
#define POISON(at, length) ((void)(at), (void)(length))
#define UNPOISON(at, length) ((void)(at), (void)(length))
#endif

// The arena, 8-byte aligned, from the linker script.
extern uint8_t __heap_start[], __heap_end[];

// A block is a header word (size with header, a multiple of 8; lowest bit: in use) and a payload. Headers stand 4 bytes
// before an 8-byte boundary, so that payloads are aligned for u64. Blocks tile the arena: the next one follows.
#define HEADER 4u
#define IN_USE 1u

static uint32_t live;
static uint8_t *highest; // end of the highest payload ever handed out
static uint8_t *limit;   // first header position that is no block; NULL before the first allocation

static uint32_t *header_at(uint8_t *at) {
    return (uint32_t *)(void *)at;
}

static uint32_t size_of(uint8_t *block) {
    return *header_at(block) & ~IN_USE;
}

static int in_use(uint8_t *block) {
    return (*header_at(block) & IN_USE) != 0;
}

static uint8_t *first_block(void) {
    uint8_t *first = __heap_start + 8 - HEADER;
    if (limit == NULL) {
        uint32_t bytes = (uint32_t)(__heap_end - __heap_start - 8) & ~7u;
        limit = first + bytes;
        *header_at(first) = bytes;
        POISON(__heap_start, (size_t)(__heap_end - __heap_start));
    }
    return first;
}

// Joins the free block with the free blocks after it.
static void merge(uint8_t *block) {
    for (uint8_t *next; (next = block + size_of(block)) < limit && !in_use(next);) {
        *header_at(block) += size_of(next);
    }
}

// Cuts a block down to `size`, marks it used, and leaves the rest as a free block.
static void take(uint8_t *block, uint32_t size) {
    uint32_t rest = size_of(block) - size;
    if (rest > 0) *header_at(block + size) = rest;
    *header_at(block) = size | IN_USE;
    live += size;
    if (block + size > highest) highest = block + size;
    UNPOISON(block + HEADER, size - HEADER);
}

// Owners nest: a module that is being called may have another one called.
#define OWNERS 4

static struct {
    struct {
        uint32_t *bytes;
        uint32_t limit;
    } stack[OWNERS];
    uint32_t depth;
    uint32_t counted; // `live` up to here is somebody's
} owners;

static void count(void) {
    if (owners.depth > 0 && owners.depth <= OWNERS) *owners.stack[owners.depth - 1].bytes += live - owners.counted;
    owners.counted = live;
}

void heap_owner_begin(uint32_t *bytes, uint32_t bound) {
    count();
    if (owners.depth < OWNERS) {
        owners.stack[owners.depth].bytes = bytes;
        owners.stack[owners.depth].limit = bound;
    }
    owners.depth++;
}

void heap_owner_end(void) {
    count();
    owners.depth--;
}

// Whether who allocates now may have `size` bytes more.
static int granted(uint32_t size) {
    count();
    if (owners.depth == 0 || owners.depth > OWNERS) return 1;
    uint32_t bytes = *owners.stack[owners.depth - 1].bytes, bound = owners.stack[owners.depth - 1].limit;
    return bytes <= bound && size <= bound - bytes;
}

static uint32_t block_bytes(size_t payload) {
    return ((uint32_t)payload + HEADER + 7) & ~7u;
}

static void *allocate(size_t payload) {
    uint32_t size = block_bytes(payload);
    if (size < payload || !granted(size)) return NULL;
    for (uint8_t *block = first_block(); block < limit; block += size_of(block)) {
        if (in_use(block)) continue;
        merge(block);
        if (size_of(block) < size) continue;
        take(block, size);
        return block + HEADER;
    }
    return NULL;
}

void *heap_malloc(size_t length) {
    return allocate(length);
}

void *heap_calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *payload = allocate(count * size);
    if (payload != NULL) memset(payload, 0, count * size);
    return payload;
}

void heap_free(void *payload) {
    if (payload == NULL) return;
    uint8_t *block = (uint8_t *)payload - HEADER;
    live -= size_of(block);
    *header_at(block) &= ~IN_USE;
    POISON(payload, size_of(block) - HEADER);
}

void *heap_realloc(void *payload, size_t length) {
    if (payload == NULL) return allocate(length);
    uint8_t *block = (uint8_t *)payload - HEADER;
    uint32_t old = size_of(block);
    if (block_bytes(length) <= old && length < old) return payload;
    void *moved = allocate(length);
    if (moved == NULL) return NULL;
    memcpy(moved, payload, old - HEADER);
    heap_free(payload);
    return moved;
}

uint32_t heap_size(void) {
    return (uint32_t)(__heap_end - __heap_start);
}

struct heap_figures heap_figures(void) {
    return (struct heap_figures){live, highest == NULL ? 0 : (uint32_t)(highest - __heap_start)};
}
