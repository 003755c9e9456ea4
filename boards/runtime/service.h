// The service link: requests in, responses out. Normative text: boards/LINK.md.
#ifndef TIELINE_SERVICE_H
#define TIELINE_SERVICE_H

// Starts the metrology module that is built into the firmware, and free mode if the board is set up for it.
void service_start(void);
// Answers the requests that are complete with the next bytes of the link. Returns 0 if no bytes had come.
int service_turn(void);

#endif
