#include "interrupts.h"

#include "board.h"
#include "registers.h"

#define PLIC_PRIORITY(irq) (PLIC + 4 * (irq))
#define PLIC_ENABLE(irq) (PLIC + 0x2000 + 4 * ((irq) / 32)) // context 0: hart 0, machine mode
#define PLIC_THRESHOLD (PLIC + 0x200000)
#define PLIC_CLAIM (PLIC + 0x200004)

#define MSTATUS_MIE 8u
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define CAUSE_TIMER 7u

#define INTERRUPTS_OFF() __asm__ volatile("csrci mstatus, %0" ::"i"(MSTATUS_MIE) : "memory")
#define INTERRUPTS_ON() __asm__ volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory")

// The watchdog looks so many times, and resets where none of them finds that it was fed: a machine that had no time for
// this hart is not mistaken for a program that hangs.
#define LOOKS 8u
static volatile uint64_t look_us = BOARD_NO_DEADLINE; // the next look
static volatile uint32_t unfed;                       // looks since it was fed
static uint32_t pause_us;

static void set_timer(uint64_t us) {
    uint64_t ticks = us > UINT64_MAX / MTIME_PER_US ? UINT64_MAX : us * MTIME_PER_US;
    // The halves are written one after the other: the high one first says "never", so that none of what the timer is set
    // to in between has already come.
    MMIO32(CLINT_MTIMECMP + 4) = UINT32_MAX;
    MMIO32(CLINT_MTIMECMP) = (uint32_t)ticks;
    MMIO32(CLINT_MTIMECMP + 4) = (uint32_t)(ticks >> 32);
}

void interrupts_init(void) {
    set_timer(BOARD_NO_DEADLINE);
    MMIO32(PLIC_THRESHOLD) = 0;
    __asm__ volatile("csrw mie, %0" ::"r"(MIE_EXTERNAL | MIE_TIMER));
    INTERRUPTS_ON();
}

void interrupts_enable(uint32_t irq) {
    MMIO32(PLIC_PRIORITY(irq)) = 1;
    MMIO32(PLIC_ENABLE(irq)) |= 1u << irq % 32;
}

static void timer_interrupt(void) {
    if (look_us != BOARD_NO_DEADLINE && board_monotonic_us() >= look_us) {
        if (++unfed > LOOKS) {
            reset_note(RESET_WATCHDOG);
            board_reset();
        }
        look_us = board_monotonic_us() + pause_us;
    }
    set_timer(look_us);
}

// start.S calls it with interrupts off, on a stack of its own.
void interrupt_taken(uint32_t cause);
void interrupt_taken(uint32_t cause) {
    if ((cause & 0xff) == CAUSE_TIMER) return timer_interrupt();
    for (uint32_t irq; (irq = MMIO32(PLIC_CLAIM)) != 0;) {
        links_interrupt(irq);
        MMIO32(PLIC_CLAIM) = irq;
    }
}

void board_idle_until(uint64_t us) {
    // Interrupts are pending or taken afterwards, never between the check and the sleep: a pending one ends `wfi`.
    INTERRUPTS_OFF();
    set_timer(us < look_us ? us : look_us);
    links_wake();
    if (!links_waiting() && board_monotonic_us() < us) __asm__ volatile("wfi" ::: "memory");
    INTERRUPTS_ON();
}

void board_watchdog_start(uint32_t ms) {
    INTERRUPTS_OFF();
    pause_us = ms > UINT32_MAX / 1000 ? UINT32_MAX / LOOKS : ms * 1000 / LOOKS;
    unfed = 0;
    look_us = board_monotonic_us() + pause_us;
    set_timer(look_us);
    INTERRUPTS_ON();
}

void board_watchdog_feed(void) {
    unfed = 0;
}
