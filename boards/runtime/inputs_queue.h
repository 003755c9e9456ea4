// What the meter's inputs hold for the metrology module: edges of pulses, and changes of the tamper inputs. Edges come
// from the board's own queue, or with a STEP.
#ifndef TIELINE_INPUTS_QUEUE_H
#define TIELINE_INPUTS_QUEUE_H

#include <stdint.h>

struct tamper_change {
    uint64_t mono_ms;
    uint8_t input, active;
};

// The module has booted: it takes tamper inputs to be idle.
void inputs_queue_start(uint64_t now_ms);

// The tamper inputs, bits as board_tamper_inputs has them, as they are from now on.
void inputs_queue_tamper(uint32_t inputs, uint64_t now_ms);
// The oldest change that was not taken. 0: there is none.
int inputs_queue_first_tamper(struct tamper_change *change);
void inputs_queue_take_tamper(void);

// Edges of a STEP, `count` times STEP_EDGE_BYTES, where they stand. They are all there is until they are taken.
void inputs_queue_step(const uint8_t *edges, uint32_t count);
int inputs_queue_has_step(void);
// Time of the oldest edge, monotonic ms. 0: none has come by `now_ms`.
int inputs_queue_first_edge(uint64_t now_ms, uint64_t *mono_ms);
// The oldest edges, those before `before_ms`, as records of the module's input buffer, relative to the first of them, at
// `base_ms`. Returns how many.
uint32_t inputs_queue_batch(uint64_t now_ms, uint64_t before_ms, uint64_t *base_ms, uint8_t *records, uint32_t bytes);
void inputs_queue_take_edges(uint32_t count);

#endif
