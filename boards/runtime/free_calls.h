// CALL in free mode: whoever is at the service link may read and tell, but pulses, time and links are the loop's.
#ifndef TIELINE_FREE_CALLS_H
#define TIELINE_FREE_CALLS_H

#include <stdint.h>

#include "built_in.h"

// Before a call: puts the board's own time where the export takes one, and tells the meter what came before it. Returns
// NULL, or why the call is refused.
const char *free_call_prepare(const struct built_in *built_in, uint32_t number, uint64_t *arguments);
// After one that did not trap.
void free_call_done(const struct built_in *built_in, uint32_t number, const uint64_t *arguments, int32_t result);

#endif
