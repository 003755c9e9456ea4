// What this board is set up for: a list of fields in the settings partition, replaced as a whole. Power may fail at any
// moment: then the list is the old one or the new one.
#ifndef TIELINE_SETTINGS_H
#define TIELINE_SETTINGS_H

#include <stdint.h>

// A field of the list: type (1 byte), length (2), bytes. A type stands there once at most.
enum settings_field {
    SETTING_SEALED = 1,         // 1 byte; not 0: nothing is changed any more while the cover is closed
    SETTING_MODE = 2,           // 1 byte; 0: nothing happens but by requests
    SETTING_METROLOGY = 3,      // the metrology module's configuration record
    SETTING_NODE = 4,           // the node module's boot record
    SETTING_PEERS = 5,          // by link from 1 on: 33 bytes each, the id of the node to call, zeros: it calls
    SETTING_IMAGES = 6,         // which image of the node module is in force (slots.c); the firmware's own
};

// Longest list, bytes.
#define SETTINGS_BYTES 1024

// Reads the partition. Called once, before the others.
void settings_open(void);

// The list as it is. Returns its length, 0 if there is none. Valid until settings_write or settings_set.
uint32_t settings_list(const uint8_t **list);

// A field's bytes: `length` receives how many. NULL: there is no such field.
const uint8_t *settings_get(enum settings_field field, uint32_t *length);

// Replaces the list by what a host gives. What is the firmware's own stays as it is and must not be in it.
// ERR_ARGUMENT: it is no list of known fields. ERR_STATE: the board is sealed and its cover is closed. ERR_CAPACITY: it
// is too long. ERR_FLASH: it could not be stored, and the old one holds.
int32_t settings_write(const uint8_t *list, uint32_t length);

// Sets one field, sealed or not: for the firmware itself. Errors as settings_write.
int32_t settings_set(enum settings_field field, const uint8_t *bytes, uint32_t length);

#endif
