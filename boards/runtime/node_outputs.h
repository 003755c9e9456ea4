// What the node module asks of the world around it, on its way out.
#ifndef TIELINE_NODE_OUTPUTS_H
#define TIELINE_NODE_OUTPUTS_H

#include <stdint.h>

// Before each call of the node: so much may leave it again.
void node_outputs_begin(void);

// Bytes are read before these return. ERR_CAPACITY: the call has put out too much already.
int32_t node_output_send(uint32_t connection, const uint8_t *data, uint32_t length);
int32_t node_output_hang_up(uint32_t connection);
int32_t node_output_tell(uint32_t kind, const uint8_t *record, uint32_t length);
int32_t node_output_broadcast(uint32_t chain, const uint8_t *transaction, uint32_t length);
int32_t node_output_watch(uint32_t chain, uint32_t channel, const uint8_t outpoint[36], const uint8_t *script,
                          uint32_t length);

#endif
