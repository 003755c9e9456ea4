// The watchdog of a board that is a process, without the rest of it: fed for a while, and then no more. Built and run by
// watchdog.test.ts.
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "watchdog.c"

#define PERIOD_MS 200

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t last_fed_ms;

_Noreturn void process_restart(const char *reason) {
    int early = now_ms() - last_fed_ms < PERIOD_MS;
    const char *say = strcmp(reason, "watchdog") != 0 ? "another reason\n" : early ? "too early\n" : "in time\n";
    (void)!write(1, say, strlen(say));
    _exit(0);
}

_Noreturn void process_fail(const char *what) {
    perror(what);
    _exit(1);
}

int main(int count, char **words) {
    (void)words;
    board_watchdog_start(PERIOD_MS);
    last_fed_ms = now_ms();
    for (uint64_t end = now_ms() + 5 * PERIOD_MS; now_ms() < end;) {
        board_watchdog_feed();
        last_fed_ms = now_ms();
        usleep(1000);
    }
    (void)!write(1, "fed\n", 4);
    if (count > 1) for (;;) pause(); // asleep
    for (;;) {} // in a loop
}
