// Monotonic time, sleeping and interrupts.
#include "board.h"
#include "errors.h"
#include "internal.h"
#include "registers.h"

#define MSTATUS_MIE 8u

void time_init(void) {
    MMIO32(SYSTIMER_CONF) = SYSTIMER_CLK_EN | SYSTIMER_UNIT0_WORK_EN | SYSTIMER_TARGET0_WORK_EN;
    MMIO32(SYSTIMER_TARGET0_CONF) = 0; // once, against unit 0
    MMIO32(SYSTIMER_INT_ENA) = 0;
    MMIO32(SYSTIMER_INT_CLR) = SYSTIMER_TARGET0_INT;
    MMIO32(SYSTIMER_TARGET0_INTR_MAP) = LINE_ALARM;
    MMIO32(PLIC_TYPE) = 0;
    MMIO32(PLIC_PRIORITY(LINE_UART)) = 2;
    MMIO32(PLIC_PRIORITY(LINE_ALARM)) = 2;
    MMIO32(PLIC_THRESHOLD) = 1;
    MMIO32(PLIC_ENABLE) = BIT(LINE_UART) | BIT(LINE_ALARM);
    __asm__ volatile("csrw mie, %0" ::"r"(BIT(LINE_UART) | BIT(LINE_ALARM)));
    __asm__ volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}

static uint64_t ticks(void) {
    MMIO32(SYSTIMER_UNIT0_OP) = SYSTIMER_UPDATE;
    while (!(MMIO32(SYSTIMER_UNIT0_OP) & SYSTIMER_VALID)) {}
    uint32_t high = MMIO32(SYSTIMER_UNIT0_VALUE_HI);
    return (uint64_t)(high & 0xfffff) << 32 | MMIO32(SYSTIMER_UNIT0_VALUE_LO);
}

// The chip's counter is a register of its own kind, which nobody has tried.
uint32_t board_cycles(void) {
    return 0;
}

uint64_t board_monotonic_us(void) {
    return ticks() / SYSTIMER_PER_US;
}

// The chip's own clock does not outlive its supply.
int32_t board_rtc_ms(int64_t *utc_ms) {
    (void)utc_ms;
    return ERR_STATE;
}

RAM_CODE(alarm_interrupt) void alarm_interrupt(void) {
    MMIO32(SYSTIMER_INT_ENA) = 0;
    MMIO32(SYSTIMER_INT_CLR) = SYSTIMER_TARGET0_INT;
}

// Which of the two lines it was need not be known.
void interrupt_taken(void);
RAM_CODE(interrupt_taken) void interrupt_taken(void) {
    alarm_interrupt();
    uart_interrupt();
}

// Inputs do not interrupt: pulses are counted without, and contacts may wait this long.
#define LONGEST_SLEEP_US 20000u

void board_idle_until(uint64_t us) {
    uint64_t now = board_monotonic_us();
    if (us <= now) return;
    uint64_t until = us - now > LONGEST_SLEEP_US ? now + LONGEST_SLEEP_US : us, at = until * SYSTIMER_PER_US;
    // Interrupts are pending or taken afterwards, never between the check and the sleep: a pending one ends `wfi`.
    __asm__ volatile("csrci mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
    MMIO32(SYSTIMER_TARGET0_HI) = (uint32_t)(at >> 32) & 0xfffff;
    MMIO32(SYSTIMER_TARGET0_LO) = (uint32_t)at;
    MMIO32(SYSTIMER_COMP0_LOAD) = 1;
    MMIO32(SYSTIMER_INT_ENA) = SYSTIMER_TARGET0_INT;
    // The time may have passed meanwhile, before the alarm was set.
    if (!uart_waiting() && board_monotonic_us() < until) __asm__ volatile("wfi" ::: "memory");
    __asm__ volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
    __asm__ volatile("csrci mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
    MMIO32(SYSTIMER_INT_ENA) = 0;
    __asm__ volatile("csrsi mstatus, %0" ::"i"(MSTATUS_MIE) : "memory");
}
