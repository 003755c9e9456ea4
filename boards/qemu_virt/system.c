// Clock, entropy, power and resets.
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "device_tree.h"
#include "errors.h"
#include "inputs.h"
#include "interrupts.h"
#include "links.h"
#include "provision.h"
#include "registers.h"

const char board_name[] = "qemu_virt";

#define FINISHER_PASS 0x5555
#define FINISHER_RESET 0x7777

// Memory that no start touches (link.ld). It is zero at power-on.
extern struct {
    uint32_t magic, reason;
} __kept;
#define KEPT_MAGIC 0x544c4b50u
static enum board_reset_reason reason = RESET_POWER_ON;

void reset_note(uint32_t why) {
    __kept.magic = KEPT_MAGIC;
    __kept.reason = why;
}

enum board_reset_reason board_reset_reason(void) {
    return reason;
}

int board_power_good(void) {
    return inputs_supply_good();
}

void board_init(void) {
    if (__kept.magic == KEPT_MAGIC) reason = (enum board_reset_reason)__kept.reason;
    reset_note(RESET_SOFTWARE); // unless another one is left
    interrupts_init();
    links_init();
}

uint64_t board_monotonic_us(void) {
    uint32_t high, low;
    do {
        high = MMIO32(CLINT_MTIME + 4);
        low = MMIO32(CLINT_MTIME);
    } while (high != MMIO32(CLINT_MTIME + 4));
    return ((uint64_t)high << 32 | low) / MTIME_PER_US;
}

// Instructions, where the emulator is told to count them.
uint32_t board_cycles(void) {
    uint32_t cycles;
    __asm__ volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}

int32_t board_rtc_ms(int64_t *utc_ms) {
    uint32_t low = MMIO32(RTC);
    *utc_ms = (int64_t)(((uint64_t)MMIO32(RTC + 4) << 32 | low) / 1000000u);
    return 0;
}

// What a test gave it; else what the emulator puts into the device tree, afresh at every power-on and reset. That is used
// up where it stands.
int32_t board_entropy(uint8_t *data, uint32_t length) {
    static int spent;
    uint8_t known[32];
    if (length <= sizeof known && provision_seed(known) == 0) {
        memcpy(data, known, length);
        return 0;
    }
    uint32_t available;
    uint8_t *seed = device_tree_property("rng-seed", &available);
    if (spent || seed == NULL || length > available) return ERR_STATE;
    memcpy(data, seed, length);
    memset(seed, 0, available);
    spent = 1;
    return 0;
}

_Noreturn void board_reset(void) {
    MMIO32(TEST_FINISHER) = FINISHER_RESET;
    for (;;) __asm__ volatile("wfi");
}

_Noreturn void board_power_off(void) {
    __asm__ volatile("csrw mie, zero");
    MMIO32(TEST_FINISHER) = FINISHER_PASS;
    for (;;) __asm__ volatile("wfi");
}

_Noreturn void board_reset_after_fault(void) {
    reset_note(RESET_FAULT);
    board_reset();
}

// QEMU's standard output and error are the links' and the emulator's own.
void board_log(const char *text) {
    (void)text;
}
