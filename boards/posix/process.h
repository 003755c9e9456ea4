// The process that is the board: its options, its power.
#ifndef TIELINE_POSIX_PROCESS_H
#define TIELINE_POSIX_PROCESS_H

#include <stdint.h>

struct options {
    const char *flash;      // the file that is the flash
    const char *peers[8];   // unix sockets of the links to peers
    uint32_t peer_count;
    const char *inputs;     // the unix socket of the inputs
    uint64_t cut_at;        // flash operation, counted from 1, in whose middle the power fails; 0: it does not
};
extern struct options options;

// An error of the machine underneath: says so and ends the process.
_Noreturn void process_fail(const char *what);

// Power is gone: the process ends at once.
_Noreturn void process_cut(void);

// The process becomes a new one of the same program: its lines stay open, its memory is gone. May be called by a signal.
_Noreturn void process_restart(const char *reason);

// Opens the flash file, the links and the inputs.
void flash_open(void);
void links_open(void);
void inputs_open(void);

// Connects to a unix socket, or finds again what was connected to it before a restart. Non-blocking.
int line_open(const char *path);

#endif
