// The watchdog, by the process's interval timer.
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "board.h"
#include "process.h"

// It looks so many times, and resets where none of them finds that it was fed: a machine that had no time for this
// process is not mistaken for a program that hangs.
#define LOOKS 8u
static struct itimerval pause_once;
static volatile sig_atomic_t unfed; // looks since it was fed

static void on_signal(int number) {
    (void)number;
    if (++unfed > (int)LOOKS) process_restart("watchdog");
    setitimer(ITIMER_REAL, &pause_once, NULL);
}

void board_watchdog_start(uint32_t ms) {
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
    const uint64_t us = (uint64_t)ms * 1000 / LOOKS;
    pause_once.it_value = (struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
    unfed = 0;
    if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &pause_once, NULL) < 0) {
        process_fail("watchdog");
    }
}

void board_watchdog_feed(void) {
    unfed = 0;
}
