#include "board.h"

// The machine keeps nothing over a reset that would tell them apart.
__attribute__((weak)) enum board_reset_reason board_reset_reason(void) {
    return RESET_POWER_ON;
}
