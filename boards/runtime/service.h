// The service link: requests in, responses out. Normative text: boards/LINK.md.
#ifndef TIELINE_SERVICE_H
#define TIELINE_SERVICE_H

#include <stdint.h>

#define LINK_VERSION 1

enum service_op {
    OP_HELLO = 1,
    OP_CALL,
    OP_CALL_NAMED,
    OP_MAP,
    OP_RESTART,
    OP_LOAD,
    OP_FLASH_READ,
    OP_POWER_OFF,
    OP_MEMORY_READ,
    OP_MEMORY_WRITE,
};

enum service_status {
    STATUS_OK = 0,
    STATUS_BAD_FRAME = 1,
    STATUS_BAD_OP = 2,
    STATUS_BAD_REQUEST = 3,
    STATUS_TRAP = 4,
    STATUS_STOPPED = 5,
    STATUS_BOARD = 6,
    // Events, sequence number 0: nobody asked.
    STATUS_READY = 16,
    STATUS_FAULT = 17,
};

// Starts the metrology module that is built into the firmware and answers requests for ever.
_Noreturn void service_run(void);

// Sends an event: `status` with a message.
void service_event(enum service_status status, const char *message);

#endif
