#include "device_tree.h"

#include <stddef.h>
#include <string.h>

// start.S leaves here what the emulator passed in a1.
extern uint8_t *device_tree;

#define MAGIC 0xd00dfeedu
#define BEGIN_NODE 1u
#define END_NODE 2u
#define PROPERTY 3u
#define NOP 4u

static uint32_t word(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t aligned(uint32_t length) {
    return (length + 3) & ~3u;
}

uint8_t *device_tree_property(const char *name, uint32_t *length) {
    if (device_tree == NULL || word(device_tree) != MAGIC) return NULL;
    uint8_t *at = device_tree + word(device_tree + 8);
    const char *names = (const char *)device_tree + word(device_tree + 12);
    for (;;) {
        uint32_t token = word(at);
        at += 4;
        if (token == BEGIN_NODE) {
            at += aligned((uint32_t)strlen((const char *)at) + 1);
        } else if (token == PROPERTY) {
            *length = word(at);
            if (strcmp(names + word(at + 4), name) == 0) return at + 8;
            at += 8 + aligned(*length);
        } else if (token != END_NODE && token != NOP) {
            return NULL;
        }
    }
}
