// Start-up, watchdogs, supply, resets and the line for whoever debugs.
#include "board.h"
#include "internal.h"
#include "registers.h"

const char board_name[] = "esp32c6";
// No module under test, no key of test vectors.
const uint32_t board_test_key_room = 0, board_test_room_bytes = 0;
// A chip that stands for a meter in simulations is built with HIL=1.
#ifdef BOARD_STEPPED
const int board_takes_steps = 1;
#else
const int board_takes_steps = 0;
#endif
struct board_test_key board_test_keys[1];
uint8_t board_test_room[1];

// Left for the next start; nothing else sets this register.
#define FAULT_NOTE 0x544c4655u
static enum board_reset_reason reason;

static void read_reset_reason(void) {
    uint32_t note = MMIO32(LP_AON_STORE2);
    MMIO32(LP_AON_STORE2) = 0;
    switch (MMIO32(LP_CLKRST_RESET_CAUSE) & 0x1f) {
        case 0x03: // the system by software, the core by software
        case 0x0c: reason = note == FAULT_NOTE ? RESET_FAULT : RESET_SOFTWARE; break;
        case 0x07: // watchdogs of the timer groups, of the low-power domain, and the one that watches that
        case 0x08:
        case 0x09:
        case 0x0b:
        case 0x0d:
        case 0x10:
        case 0x11:
        case 0x12: reason = RESET_WATCHDOG; break;
        case 0x0f: reason = RESET_BROWN_OUT; break;
        default: reason = RESET_POWER_ON;
    }
}

enum board_reset_reason board_reset_reason(void) {
    return reason;
}

void board_init(void) {
    watchdog_disable_all();
    read_reset_reason();
    supply_init();
    flash_init();
    inputs_init();
    uart_init();
    time_init();
}

// ---- Watchdogs ----------------------------------------------------------------------------------------------------

// The ROM leaves two running in case what it starts never does.
void watchdog_disable_all(void) {
    MMIO32(TIMG_WDTWPROTECT) = WDT_UNLOCK;
    MMIO32(TIMG_WDTCONFIG0) = 0;
    MMIO32(TIMG_WDTCONFIG0) = TIMG_WDT_CONF_UPDATE;
    MMIO32(TIMG_WDTWPROTECT) = 0;
    MMIO32(LP_WDT_WPROTECT) = WDT_UNLOCK;
    MMIO32(LP_WDT_CONFIG0) = 0;
    MMIO32(LP_WDT_WPROTECT) = 0;
    MMIO32(LP_WDT_SWD_WPROTECT) = WDT_UNLOCK;
    MMIO32(LP_WDT_SWD_CONF) |= LP_WDT_SWD_AUTO_FEED;
    MMIO32(LP_WDT_SWD_WPROTECT) = 0;
}

// The low-power domain's: it runs from its own oscillator, and resets all but that domain, where the note of a fault is.
void board_watchdog_start(uint32_t ms) {
    uint64_t ticks = (uint64_t)ms * SLOW_CLOCK_HZ / 1000;
    // The first stage waits longer by a factor that is burnt into the chip.
    ticks >>= 1 + EFUSE_WDT_DELAY_SEL(MMIO32(EFUSE_RD_REPEAT_DATA1));
    MMIO32(LP_WDT_WPROTECT) = WDT_UNLOCK;
    MMIO32(LP_WDT_STAGE0_HOLD) = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
    MMIO32(LP_WDT_FEED) = LP_WDT_FEED_NOW;
    MMIO32(LP_WDT_CONFIG0) = LP_WDT_EN | LP_WDT_STAGE0_RESETS_SYSTEM | LP_WDT_RESET_LENGTHS;
    MMIO32(LP_WDT_WPROTECT) = 0;
}

void board_watchdog_feed(void) {
    MMIO32(LP_WDT_WPROTECT) = WDT_UNLOCK;
    MMIO32(LP_WDT_FEED) = LP_WDT_FEED_NOW;
    MMIO32(LP_WDT_WPROTECT) = 0;
}

// ---- Supply -------------------------------------------------------------------------------------------------------

// How long the supply must have been good again.
#define RECOVERY_US 10000u
static uint64_t failed_us;
static int failing;

// Below the threshold the flag is raised at once; a supply that stays there resets the system.
void supply_init(void) {
    MMIO32(LP_ANA_BOD_MODE0_CNTL) = BOD_MODE0_INTR_WAIT | BOD_MODE0_RESET_WAIT | BOD_MODE0_INTR_ENA |
                                    BOD_MODE0_RESET_SEL | BOD_MODE0_RESET_ENA;
    MMIO32(LP_ANA_INT_CLR) = BOD_MODE0_INT;
}

int board_power_good(void) {
    if (MMIO32(LP_ANA_INT_RAW) & BOD_MODE0_INT) {
        MMIO32(LP_ANA_INT_CLR) = BOD_MODE0_INT;
        failed_us = board_monotonic_us();
        failing = 1;
    } else if (failing && board_monotonic_us() - failed_us >= RECOVERY_US) {
        failing = 0;
    }
    return !failing;
}

// ---- Ends ---------------------------------------------------------------------------------------------------------

_Noreturn void board_reset(void) {
    MMIO32(LP_AON_SYS_CFG) = LP_AON_HPSYS_SW_RESET;
    for (;;) {}
}

_Noreturn void board_reset_after_fault(void) {
    MMIO32(LP_AON_STORE2) = FAULT_NOTE;
    board_reset();
}

_Noreturn void board_power_off(void) {
    watchdog_disable_all();
    __asm__ volatile("csrw mie, zero");
    for (;;) __asm__ volatile("wfi");
}

// To the chip's USB port, as long as somebody takes it: nothing waits.
void board_log(const char *text) {
    for (; *text != 0 && (MMIO32(USB_EP1_CONF) & USB_EP1_IN_FREE); text++) MMIO32(USB_EP1) = (uint8_t)*text;
    if (MMIO32(USB_EP1_CONF) & USB_EP1_IN_FREE) MMIO32(USB_EP1) = '\n';
    MMIO32(USB_EP1_CONF) = USB_EP1_WR_DONE;
}
