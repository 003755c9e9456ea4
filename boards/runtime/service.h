// The service link: requests in, responses out. Normative text: boards/LINK.md.
#ifndef TIELINE_SERVICE_H
#define TIELINE_SERVICE_H

#include <stdint.h>

// Starts the metrology module that is built into the firmware and answers requests for ever.
// `since`: what board_cycles said first.
_Noreturn void service_run(uint32_t since);

// By how much board_cycles went on until the board was ready.
uint32_t service_start_cycles(void);

#endif
