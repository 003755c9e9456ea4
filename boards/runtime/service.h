// The service link: requests in, responses out. Normative text: boards/LINK.md.
#ifndef TIELINE_SERVICE_H
#define TIELINE_SERVICE_H

#include <stdint.h>

// Starts the metrology module that is built into the firmware, and free mode if the board is set up for it. `since`: what
// board_cycles said first.
void service_start(uint32_t since);
// Answers the requests that are complete with the next bytes of the link. Returns 0 if no bytes had come.
int service_turn(void);

// By how much board_cycles went on until the board was ready.
uint32_t service_start_cycles(void);

#endif
