// The way from the node to the meter: what it may ask of the metrology module beside it. boards/board.h has one meter,
// number 0: a board is a leaf of the street, and its line is the one that it measures.
#ifndef TIELINE_METER_PORT_H
#define TIELINE_METER_PORT_H

#include <stdint.h>

// A call of the metrology module with these arguments is done: time has gone on to what it was told.
void meter_port_called(uint32_t number, const uint64_t *arguments);

// The meter is about to be started anew: what it has counted goes into its flash first, if it runs.
void meter_port_save(void);

// The first receipt whose interval ended at or after `from_s`, UTC in s. Returns its length, and `text` is valid until the
// metrology module is called again. ERR_NOT_FOUND: there is none, or it has been overwritten. ERR_STATE: no meter runs.
int32_t meter_port_receipt(uint32_t from_s, const uint8_t **text);

// Lets the meter sign a note: METER_NOTE_BYTES at `note`, valid until the metrology module is called again. Errors as
// assembly/meter/meter.ts says.
#define METER_NOTE_BYTES 88
int32_t meter_port_note(uint32_t how, uint32_t interval_start, uint64_t energy_mwh, const uint8_t payment_hash[32],
                        const uint8_t **note);

#endif
