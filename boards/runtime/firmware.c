#include "firmware.h"

#include <string.h>

#include "board.h"
#include "bytes.h"
#include "crypto.h"
#include "loop.h"
#include "peer_link.h"
#include "service.h"

// A start that is given the same seed as one before has other sessions all the same, and the node's random numbers are
// left as they are.
static void name_sessions(const uint8_t seed[32]) {
    struct {
        uint8_t seed[32];
        uint64_t monotonic_us;
        int64_t utc_ms;
    } known = {.monotonic_us = board_monotonic_us()};
    uint8_t digest[32];
    memcpy(known.seed, seed, sizeof known.seed);
    if (board_rtc_ms(&known.utc_ms) < 0) known.utc_ms = 0;
    crypto_sha256((const uint8_t *)&known, sizeof known, digest);
    peer_links_set_session(get_u32(digest));
    crypto_wipe(&known, sizeof known);
}

void firmware_run(void) {
    uint32_t since = board_cycles();
    board_init();
    uint8_t seed[32];
    int seeded = board_entropy(seed, sizeof seed) >= 0;
    if (seeded) {
        crypto_random_seed(seed);
        name_sessions(seed);
        crypto_random(seed, sizeof seed); // what blinds is not what the generator began with
    }
    crypto_init(seeded ? seed : NULL);
    crypto_wipe(seed, sizeof seed);
    service_start(since);
    for (;;) {
        int busy = service_turn();
        uint64_t due_us = loop_turn();
        if (!busy) board_idle_until(due_us);
    }
}
