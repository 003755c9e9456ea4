// Links: the service link on standard input and output, those to peers on unix sockets.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "board.h"
#include "inputs.h"
#include "process.h"

#define MOST_LINKS 9
#define LONGEST_SLEEP_US 60000000u

static struct {
    int in, out;
} links[MOST_LINKS];

// How many there are is known once the options are.
uint32_t board_links;

// A line stays open over restarts, as a cable does: its file's number is left in the environment.
#define LINE_NAME "TIELINE_LINE_%u"

int line_open(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static unsigned lines; // opened so far, in the same order each time
    char name[32], number[12];
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        process_fail(path);
    }
    snprintf(name, sizeof name, LINE_NAME, lines++);
    const char *known = getenv(name);
    if (known != NULL) return atoi(known);
    memcpy(address.sun_path, path, strlen(path));
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) < 0) process_fail(path);
    if (fcntl(file, F_SETFL, O_NONBLOCK) < 0) process_fail(path);
    snprintf(number, sizeof number, "%d", file);
    setenv(name, number, 1);
    return file;
}

void links_open(void) {
    links[0].in = STDIN_FILENO;
    links[0].out = STDOUT_FILENO;
    // A host that does not read must not hold up the program.
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK) < 0) process_fail("standard output");
    for (uint32_t i = 0; i < options.peer_count; i++) {
        links[1 + i].in = links[1 + i].out = line_open(options.peers[i]);
    }
    board_links = 1 + options.peer_count;
}

static int ready(int file, short event, int timeout_ms) {
    struct pollfd poll_file = {.fd = file, .events = event};
    return poll(&poll_file, 1, timeout_ms) > 0;
}

uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity) {
    if (link >= board_links || links[link].in < 0 || !ready(links[link].in, POLLIN, 0)) return 0;
    ssize_t count = read(links[link].in, data, capacity);
    if (count > 0) return (uint32_t)count;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    // Whoever held the service link has gone, and the board with it. A peer that has gone is a line that is silent; its
    // file stays, since a restart looks for it.
    if (link == 0) board_power_off();
    links[link].in = links[link].out = -1;
    return 0;
}

uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length) {
    if (link >= board_links) return 0;
    if (links[link].out < 0) return length; // into the void, as on a line that ends nowhere
    ssize_t count = write(links[link].out, data, length);
    if (count >= 0) return (uint32_t)count;
    if (errno == EAGAIN || errno == EINTR) {
        ready(links[link].out, POLLOUT, 1);
        return 0;
    }
    if (link == 0) board_power_off();
    return length;
}

void board_idle_until(uint64_t us) {
    struct pollfd files[MOST_LINKS];
    nfds_t count = 0;
    for (uint32_t i = 0; i < board_links; i++) {
        if (links[i].in >= 0) files[count++] = (struct pollfd){.fd = links[i].in, .events = POLLIN};
    }
    uint64_t now = board_monotonic_us(), wait_us = us <= now ? 0 : us - now;
    if (wait_us > LONGEST_SLEEP_US) wait_us = LONGEST_SLEEP_US;
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000 * 1000)};
    // An input's signal comes before the look at what it left, or ends the sleep.
    sigset_t input, others;
    sigemptyset(&input);
    sigaddset(&input, SIGIO);
    pthread_sigmask(SIG_BLOCK, &input, &others);
    if (!inputs_changed()) ppoll(files, count, &wait, &others);
    pthread_sigmask(SIG_SETMASK, &others, NULL);
}
