// What a flash can suffer, for drills: sectors that fail, a supply that comes and goes.
#ifndef TIELINE_POSIX_FAULTS_H
#define TIELINE_POSIX_FAULTS_H

#include <stdint.h>

// Takes an option of the command line and its value. Returns 1, 0 if it is none of these, or -1 if the value is no good.
int faults_option(const char *name, const char *value);
// Whether a sector was named that its partition does not have. Only once the flash can be read.
int faults_are_outside(void);

// Whether the supply is failing now; it changes with the flash operations that are asked for.
int faults_supply_fails(void);

// What becomes of writing `length` bytes at an address. 0: they are written; ERR_FLASH: refused. What is to be stored, at
// `data` over `before`, may be changed: a sector that wears out says that all is well.
int32_t faults_meet(uint32_t address, uint8_t *data, const uint8_t *before, uint32_t length);

#endif
