// The metrology module in free mode: hands it what the inputs hold, in order of time, lets records out, and boots it again
// if it traps. host/sim/main_loop.ts does the same for emulated meters, call by call.
#ifndef TIELINE_METER_LOOP_H
#define TIELINE_METER_LOOP_H

#include <stdint.h>

// Bytes of an edge as a STEP brings it: u32 low half of the monotonic ms, u8 input, u8 level.
#define STEP_EDGE_BYTES 6u

// Boots the module that is loaded, at monotonic 0, with the configuration of the settings. Returns NULL, or why it cannot.
const char *meter_loop_start(void);

// Does what is due by now.
void meter_loop_turn(uint64_t now_ms);
// Tells the module all that came before now, due or not, and lets out the records that this completes.
void meter_loop_serve(uint64_t now_ms);
// Until when nothing is due, ms.
uint64_t meter_loop_due_ms(void);

// Somebody tells the meter the time, and the board with it. Returns the export's result; ERR_STATE if it does not run.
int32_t meter_loop_set_clock(uint64_t now_ms, int64_t utc_ms, uint8_t state);

#endif
