// Pulse inputs, counted by hardware even while a module runs or flash is written, and the contacts that tell of
// tampering. All of them close to ground against the pads' pull-ups.
#include "board.h"
#include "internal.h"
#include "registers.h"

#define PULSE_IMPORT 2u
#define PULSE_EXPORT 3u
#define TAMPER_COVER 22u  // open contact: the cover is off
#define TAMPER_MAGNET 23u // closed contact: a field

const int board_counts_pulses = 1;

// The hardware's counter starts again from 0 when it reaches the limit; it is signed and cannot count to 65,536 itself.
#define WRAP 16384u

static uint32_t last[2];
static uint16_t totals[2];

static void contact(uint32_t pad) {
    MMIO32(GPIO_ENABLE_W1TC) = BIT(pad);
    MMIO32(IO_MUX_GPIO(pad)) = IO_MUX_FUNCTION_GPIO | IO_MUX_INPUT | IO_MUX_PULL_UP | IO_MUX_FILTER;
}

static void count(uint32_t unit, uint32_t pad) {
    contact(pad);
    MMIO32(GPIO_FUNC_IN_SEL(SIGNAL_PCNT_CH0(unit))) = GPIO_IN_THROUGH_MATRIX | pad;
    MMIO32(GPIO_FUNC_IN_SEL(SIGNAL_PCNT_CTRL_CH0(unit))) = GPIO_IN_THROUGH_MATRIX | GPIO_IN_CONSTANT_HIGH;
    // A pulse begins when the contact closes. The longest filter there is takes out microseconds, no bouncing.
    MMIO32(PCNT_CONF0(unit)) =
        PCNT_FILTER_LONGEST | PCNT_FILTER_EN | PCNT_THR_H_LIM_EN | PCNT_CH0_NEG_INCREMENT;
    // The lower limit is never reached; 0 would be one that is reached at once.
    MMIO32(PCNT_CONF2(unit)) = WRAP | (65536u - WRAP) << 16;
}

void inputs_init(void) {
    MMIO32(PCR_PCNT_CONF) = PCR_CLK_EN | PCR_RST_EN;
    MMIO32(PCR_PCNT_CONF) = PCR_CLK_EN;
    count(0, PULSE_IMPORT);
    count(1, PULSE_EXPORT);
    MMIO32(PCNT_CTRL) = PCNT_CTRL_CLK_EN | PCNT_CTRL_RST(0) | PCNT_CTRL_RST(1);
    MMIO32(PCNT_CTRL) = PCNT_CTRL_CLK_EN;
    contact(TAMPER_COVER);
    contact(TAMPER_MAGNET);
}

void board_pulse_counters(uint16_t counters[2]) {
    for (uint32_t unit = 0; unit < 2; unit++) {
        uint32_t now = MMIO32(PCNT_CNT(unit)) & 0xffff;
        totals[unit] += (uint16_t)((now - last[unit]) % WRAP);
        last[unit] = now;
        counters[unit] = totals[unit];
    }
}

uint32_t board_pulse_edges(struct board_edge *to, uint32_t capacity) {
    (void)to, (void)capacity;
    return 0;
}

int board_pulse_overrun(void) {
    return 0;
}

uint32_t board_tamper_inputs(void) {
    uint32_t levels = MMIO32(GPIO_IN);
    return (levels & BIT(TAMPER_COVER) ? 1u : 0u) | (levels & BIT(TAMPER_MAGNET) ? 0u : 2u);
}
