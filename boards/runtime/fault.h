// The last resort: a defect of the C code or of the hardware. Reported on the link, then the board starts anew.
#ifndef TIELINE_FAULT_H
#define TIELINE_FAULT_H

#include <stdint.h>

// Reports `message` as an event frame and resets.
_Noreturn void fault_raise(const char *message);

// Entered from the board's exception vector with whatever the CPU says of the cause, the instruction and the address.
_Noreturn void fault_exception(uint32_t cause, uint32_t instruction, uint32_t address);

#endif
