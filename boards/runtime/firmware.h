// What a board runs once it has memory and a stack.
#ifndef TIELINE_FIRMWARE_H
#define TIELINE_FIRMWARE_H

_Noreturn void firmware_run(void);

#endif
