// Options, the firmware's thread, power and faults of a board that is a process.
#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "errors.h"
#include "fault.h"
#include "faults.h"
#include "firmware.h"
#include "inputs.h"
#include "provision.h"
#include "stack.h"

const char board_name[] = "posix";

struct options options;
static char **arguments;
extern char **environ;

extern uint8_t stack_guard[];
extern uint32_t __stack_bottom[], __stack_top[];

#define EXIT_CUT 3
#define RESET_REASON "TIELINE_RESET_REASON"
// For the next start; "software" has as many letters as a reason may have.
static char next_reason[] = RESET_REASON "=software";
static enum board_reset_reason reset_reason;

static void read_reset_reason(void) {
    const char *reason = getenv(RESET_REASON);
    if (reason == NULL) reset_reason = RESET_POWER_ON;
    else if (strcmp(reason, "fault") == 0) reset_reason = RESET_FAULT;
    else reset_reason = strcmp(reason, "watchdog") == 0 ? RESET_WATCHDOG : RESET_SOFTWARE;
    putenv(next_reason); // before there is any signal: a restart only changes letters
}

_Noreturn void process_fail(const char *what) {
    fprintf(stderr, "board: %s: %s\n", what, strerror(errno));
    exit(1);
}

_Noreturn void process_cut(void) {
    _exit(EXIT_CUT);
}

static _Noreturn void usage(void) {
    fputs("usage: board --flash FILE [--peer SOCKET]... [--inputs SOCKET] [--cut-at OPERATION]\n"
          "             [--bad-sector PARTITION:SECTOR]... [--worn-sector PARTITION:SECTOR]... [--sawtooth UP:DOWN]\n"
          "The service link is on standard input and output. A SOCKET is a unix socket to connect to; each byte on that\n"
          "of the inputs says how all of them are from then on. A bad sector refuses to be written; of a worn one a cell\n"
          "keeps what it had, and it does not say so. With a sawtooth the supply holds for UP flash operations, then fails\n"
          "for DOWN, and so on.\n",
          stderr);
    exit(2);
}

static void parse(int count, char **words) {
    for (int i = 1; i < count; i += 2) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;
        char *end = NULL;
        if (value == NULL) usage();
        if (strcmp(words[i], "--flash") == 0) {
            options.flash = value;
        } else if (strcmp(words[i], "--peer") == 0) {
            if (options.peer_count == sizeof options.peers / sizeof options.peers[0]) usage();
            options.peers[options.peer_count++] = value;
        } else if (strcmp(words[i], "--inputs") == 0) {
            options.inputs = value;
        } else if (strcmp(words[i], "--cut-at") == 0) {
            options.cut_at = strtoull(value, &end, 10);
            if (end == value || *end != 0) usage();
        } else if (faults_option(words[i], value) <= 0) {
            usage();
        }
    }
    if (options.flash == NULL) usage();
    // Operations are counted from power-on, and a restart is none: the cut was for the life before it.
    if (reset_reason != RESET_POWER_ON) options.cut_at = 0;
}

// The firmware has a stack of its own, of a known place and size, as on a chip.
static void *run(void *nothing) {
    (void)nothing;
    firmware_run();
}

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    fault_exception((uint32_t)number, 0, (uint32_t)(uintptr_t)info->si_addr);
}

static void watch_for_faults(void) {
    static uint8_t signal_stack[65536];
    const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    // Under a sanitizer its own report is worth more.
#ifndef __SANITIZE_ADDRESS__
    if (sigaltstack(&stack, NULL) < 0) process_fail("sigaltstack");
    const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaction(numbers[i], &action, NULL);
#else
    (void)stack, (void)action;
#endif
}

static void *with_signals(void *nothing) {
    watch_for_faults();
    return run(nothing);
}

int main(int count, char **words) {
    read_reset_reason();
    parse(count, words);
    arguments = words;
    // Whoever closes the other end of a link has taken the board's power, which then ends in the middle of a write.
    signal(SIGPIPE, SIG_DFL);
    for (uint32_t *word = __stack_bottom; word < __stack_top; word++) *word = STACK_PATTERN;
    if (mprotect(stack_guard, 4096, PROT_NONE) < 0) process_fail("mprotect");
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    errno = pthread_attr_setstack(&attributes, __stack_bottom, (size_t)stack_bytes());
    if (errno == 0) errno = pthread_create(&thread, &attributes, with_signals, NULL);
    if (errno != 0) process_fail("the firmware's thread");
    pthread_join(thread, NULL);
    return 1;
}

void board_init(void) {
    board_monotonic_us(); // time begins
    flash_open();
    // How large partitions are stands in the flash.
    if (faults_are_outside()) usage();
    links_open();
    inputs_open();
}

uint32_t board_cycles(void) {
    return 0;
}

uint64_t board_monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    static uint64_t start;
    uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    if (start == 0) start = us;
    return us - start;
}

int32_t board_rtc_ms(int64_t *utc_ms) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0) return ERR_STATE;
    *utc_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return 0;
}

int32_t board_entropy(uint8_t *data, uint32_t length) {
    uint8_t known[32];
    if (length > sizeof known) return ERR_RANGE;
    if (provision_seed(known) == 0) {
        memcpy(data, known, length);
        return 0;
    }
    return getrandom(data, length, 0) == (ssize_t)length ? 0 : ERR_STATE;
}

int board_power_good(void) {
    return inputs_supply_good() && !faults_supply_fails();
}

void board_log(const char *text) {
    fprintf(stderr, "%s\n", text);
}

enum board_reset_reason board_reset_reason(void) {
    return reset_reason;
}

// Only what a signal may call. Signals that come meanwhile are not for the new process, which has no handlers yet.
_Noreturn void process_restart(const char *reason) {
    const struct itimerval never = {0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const int own[] = {SIGALRM, SIGIO};
    setitimer(ITIMER_REAL, &never, NULL);
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++) sigaction(own[i], &ignore, NULL);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    strncpy(next_reason + sizeof RESET_REASON, reason, sizeof "software" - 1);
    execve("/proc/self/exe", arguments, environ);
    _exit(1);
}

_Noreturn void board_reset(void) {
    process_restart("software");
}

_Noreturn void board_reset_after_fault(void) {
    process_restart("fault");
}

_Noreturn void board_power_off(void) {
    _exit(0);
}
