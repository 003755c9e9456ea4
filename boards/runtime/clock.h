// Time as the runtime has it: the board's own, or, where a host steps the board, the one that it is told. And the time of
// day, as an offset to that.
#ifndef TIELINE_CLOCK_H
#define TIELINE_CLOCK_H

#include <stdint.h>

// Microseconds since power-on; never goes back. What takes how long is measured by board_monotonic_us instead.
uint64_t clock_us(void);
uint64_t clock_ms(void);

// From now on time stands still, at 0, but for clock_step.
void clock_hold(void);
int clock_is_held(void);
// Time is held: it goes on to `us`, which is not before clock_us().
void clock_step(uint64_t us);

// At `mono_ms` it was `utc_ms`, as certain as `state` says: one of the metrology module's letters 'U', 'I' or 'S'.
void clock_set_utc(uint64_t mono_ms, int64_t utc_ms, uint8_t state);
// UTC at `mono_ms`. Returns how certain it is, 0 where it is not known.
uint8_t clock_utc(uint64_t mono_ms, int64_t *utc_ms);

#endif
