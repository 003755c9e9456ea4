#include "firmware.h"

#include "board.h"
#include "crypto.h"
#include "loop.h"
#include "service.h"

void firmware_run(void) {
    board_init();
    uint8_t seed[32];
    int seeded = board_entropy(seed, sizeof seed) >= 0;
    if (seeded) {
        crypto_random_seed(seed);
        crypto_random(seed, sizeof seed); // what blinds is not what the generator began with
    }
    crypto_init(seeded ? seed : NULL);
    crypto_wipe(seed, sizeof seed);
    service_start();
    for (;;) {
        int busy = service_turn();
        uint64_t due_us = loop_turn();
        if (!busy) board_idle_until(due_us);
    }
}
