// Two UARTs. A call of a module may last longer than their FIFOs hold, so that an interrupt empties them into rings; what
// is to be sent is handed over as the FIFO has room.
#include "board.h"
#include "frame.h"
#include "internal.h"
#include "peer_frame.h"
#include "registers.h"

#define LINKS 2u
#define BAUD 115200u
// In sixteenths, as the register wants it.
#define DIVISOR ((XTAL_HZ * 16u + BAUD / 2) / BAUD)

// What can arrive while a call of a module runs, a byte more each: the service host's longest request, as it waits for the
// answer; of a peer all DATA that it may have under way, and as many short frames. It sends them again and again
// meanwhile: copies that do not fit are lost, and not missed.
static uint8_t of_host[FRAME_ON_LINE(FRAME_BYTES) + 1];
static uint8_t of_peer[PEER_WINDOW * (FRAME_ON_LINE(PEER_DATA_HEADER_BYTES + PEER_DATA_BYTES) + 32) + 1];

// Places in `bytes`: the interrupt writes `in`, the program `out`. Where they are the same there is nothing.
static struct ring {
    volatile uint32_t in, out;
    uint8_t *bytes;
    uint32_t size;
} rings[LINKS] = {{0, 0, of_host, sizeof of_host}, {0, 0, of_peer, sizeof of_peer}};

uint32_t board_links = LINKS;

static void update(uint32_t base) {
    MMIO32(UART_REG_UPDATE(base)) = 1;
    while (MMIO32(UART_REG_UPDATE(base)) & 1) {}
}

static void set_up(uint32_t number, uint32_t base) {
    MMIO32(PCR_UART_CONF(number)) = PCR_CLK_EN | PCR_RST_EN;
    MMIO32(PCR_UART_CONF(number)) = PCR_CLK_EN;
    MMIO32(PCR_UART_SCLK_CONF(number)) = PCR_UART_SCLK_XTAL;
    MMIO32(UART_CLKDIV(base)) = DIVISOR / 16 | (DIVISOR % 16) << 20;
    MMIO32(UART_CONF0(base)) = UART_CONF0_8N1 | UART_CONF0_FIFO_RESET;
    update(base);
    MMIO32(UART_CONF0(base)) = UART_CONF0_8N1;
    // An interrupt at half a FIFO, or ten bits' time after the last byte.
    MMIO32(UART_CONF1(base)) = UART_FIFO_BYTES / 2;
    MMIO32(UART_TOUT_CONF(base)) = 1u | 10u << 2;
    update(base);
    MMIO32(UART_INT_CLR(base)) = UINT32_MAX;
    MMIO32(UART_INT_ENA(base)) = UART_RXFIFO_FULL | UART_RXFIFO_TOUT | UART_RXFIFO_OVF;
}

// Pads of link 1; link 0 has its own, which the ROM has set up. Free of the flash chip, USB and the boot's straps.
#define PEER_TX 18u
#define PEER_RX 19u

void uart_init(void) {
    set_up(0, UART0);
    set_up(1, UART1);
    MMIO32(IO_MUX_GPIO(PEER_TX)) = IO_MUX_FUNCTION_GPIO | IO_MUX_DRIVE;
    MMIO32(GPIO_FUNC_OUT_SEL(PEER_TX)) = SIGNAL_U1TXD;
    // Pulled up: a line without a transceiver is silent.
    MMIO32(IO_MUX_GPIO(PEER_RX)) = IO_MUX_FUNCTION_GPIO | IO_MUX_INPUT | IO_MUX_PULL_UP;
    MMIO32(GPIO_FUNC_IN_SEL(SIGNAL_U1RXD)) = GPIO_IN_THROUGH_MATRIX | PEER_RX;
    MMIO32(UART0_INTR_MAP) = LINE_UART;
    MMIO32(UART1_INTR_MAP) = LINE_UART;
}

// What does not fit is lost; the frames' checksums tell.
static inline __attribute__((always_inline)) void drain(uint32_t base, struct ring *ring) {
    MMIO32(UART_INT_CLR(base)) = UART_RXFIFO_FULL | UART_RXFIFO_TOUT | UART_RXFIFO_OVF;
    while (MMIO32(UART_STATUS(base)) & 0xff) {
        uint8_t byte = (uint8_t)MMIO32(UART_FIFO(base));
        uint32_t in = ring->in, next = in + 1 == ring->size ? 0 : in + 1;
        if (next == ring->out) continue;
        ring->bytes[in] = byte;
        ring->in = next;
    }
}

RAM_CODE(uart_interrupt) void uart_interrupt(void) {
    drain(UART0, &rings[0]);
    drain(UART1, &rings[1]);
}

int uart_waiting(void) {
    return rings[0].in != rings[0].out || rings[1].in != rings[1].out;
}

uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity) {
    if (link >= LINKS) return 0;
    struct ring *ring = &rings[link];
    uint32_t out = ring->out, in = ring->in, count = 0;
    for (; count < capacity && out != in; count++) {
        data[count] = ring->bytes[out];
        out = out + 1 == ring->size ? 0 : out + 1;
    }
    ring->out = out;
    return count;
}

uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length) {
    if (link >= LINKS) return 0;
    uint32_t base = link == 0 ? UART0 : UART1;
    uint32_t queued = MMIO32(UART_STATUS(base)) >> 16 & 0xff;
    uint32_t room = queued < UART_FIFO_BYTES ? UART_FIFO_BYTES - queued : 0;
    if (length > room) length = room;
    for (uint32_t i = 0; i < length; i++) MMIO32(UART_FIFO(base)) = data[i];
    return length;
}
