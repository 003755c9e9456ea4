// The process that is the board: its options, its power.
#ifndef TIELINE_POSIX_PROCESS_H
#define TIELINE_POSIX_PROCESS_H

#include <stdint.h>

struct options {
    const char *flash;      // the file that is the flash
    const char *peers[8];   // unix sockets of the links to peers
    uint32_t peer_count;
    uint64_t cut_at;        // flash operation, counted from 1, in whose middle the power fails; 0: it does not
};
extern struct options options;

// An error of the machine underneath: says so and ends the process.
_Noreturn void process_fail(const char *what);

// Power is gone: the process ends at once.
_Noreturn void process_cut(void);

// Opens the flash file and the links.
void flash_open(void);
void links_open(void);

#endif
