#include "node_outputs.h"

#include "errors.h"
#include "frame.h"
#include "loop.h"
#include "peer_link.h"
#include "request.h"

// A call that runs away must not keep the line, and so the meter, busy for longer than its gas lets it run. All that a
// channel's end brings about stays far below this.
#define CALL_OUTPUTS 512u
#define CALL_BYTES (256u * 1024)

static uint32_t outputs_left, bytes_left;

void node_outputs_begin(void) {
    outputs_left = CALL_OUTPUTS;
    bytes_left = CALL_BYTES;
}

// One event of the service link: two parts follow one another.
static int32_t put(enum service_status status, const uint8_t *head, uint32_t head_length, const uint8_t *data,
                   uint32_t length) {
    if (outputs_left == 0 || length > bytes_left) return ERR_CAPACITY;
    outputs_left--;
    bytes_left -= length;
    event_begin(status);
    frame_put(head, head_length);
    frame_put(data, length);
    frame_end();
    return 0;
}

// A number that the events have one byte for; no connection, kind, chain or channel of the node is greater.
static int32_t put_numbered(enum service_status status, uint32_t number, const uint8_t *data, uint32_t length) {
    uint8_t byte = (uint8_t)number;
    return number > UINT8_MAX ? ERR_RANGE : put(status, &byte, 1, data, length);
}

int32_t node_output_send(uint32_t connection, const uint8_t *data, uint32_t length) {
    if (loop_has_connection(connection)) return peer_link_send(connection + 1, data, length);
    return put_numbered(STATUS_SEND, connection, data, length);
}

int32_t node_output_hang_up(uint32_t connection) {
    if (loop_has_connection(connection)) {
        peer_link_hang_up(connection + 1);
        return 0;
    }
    return put_numbered(STATUS_HANG_UP, connection, 0, 0);
}

int32_t node_output_tell(uint32_t kind, const uint8_t *record, uint32_t length) {
    return put_numbered(STATUS_TELL, kind, record, length);
}

int32_t node_output_broadcast(uint32_t chain, const uint8_t *transaction, uint32_t length) {
    return put_numbered(STATUS_BROADCAST, chain, transaction, length);
}

int32_t node_output_watch(uint32_t chain, uint32_t channel, const uint8_t outpoint[36], const uint8_t *script,
                          uint32_t length) {
    uint8_t head[2 + 36] = {(uint8_t)chain, (uint8_t)channel};
    if (chain > UINT8_MAX || channel > UINT8_MAX) return ERR_RANGE;
    for (uint32_t i = 0; i < 36; i++) head[2 + i] = outpoint[i];
    return put(STATUS_WATCH, head, sizeof head, script, length);
}
