#include <stddef.h>

#include "board.h"
#include "crypto.h"
#include "service.h"

int main(void) {
    board_init();
    uint8_t seed[32];
    int32_t seeded = board_entropy(seed, sizeof seed);
    crypto_init(seeded >= 0 ? seed : NULL);
    crypto_wipe(seed, sizeof seed);
    service_run();
}
