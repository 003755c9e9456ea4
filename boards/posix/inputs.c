// The inputs: bytes on a unix socket, taken by a signal as an interrupt takes what a chip's pins do.
#include "inputs.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "board.h"
#include "process.h"

static int file = -1;

static void take(void) {
    uint8_t bytes[64];
    for (ssize_t count; (count = read(file, bytes, sizeof bytes)) > 0;) {
        uint32_t now_ms = (uint32_t)(board_monotonic_us() / 1000);
        for (ssize_t i = 0; i < count; i++) inputs_take(bytes[i], now_ms);
    }
}

static void on_signal(int number) {
    (void)number;
    take();
}

void inputs_open(void) {
    if (options.inputs == NULL) return;
    file = line_open(options.inputs);
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
    const struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = gettid()};
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, SIGIO);
    if (sigaction(SIGIO, &action, NULL) < 0 || fcntl(file, F_SETOWN_EX, &owner) < 0 ||
        fcntl(file, F_SETFL, O_NONBLOCK | O_ASYNC) < 0) {
        process_fail(options.inputs);
    }
    // What came before there was a signal for it; the signal must not come in between.
    pthread_sigmask(SIG_BLOCK, &own, NULL);
    take();
    pthread_sigmask(SIG_UNBLOCK, &own, NULL);
}
