// The C stack: the start-up code fills it with a pattern, so that its deepest use can be found later.
#ifndef TIELINE_STACK_H
#define TIELINE_STACK_H

#define STACK_PATTERN 0xa5a5a5a5

#ifndef __ASSEMBLER__ // the start-up code needs the pattern only
#include <stdint.h>

// Size of the stack, bytes.
uint32_t stack_bytes(void);
// Deepest use since power-on, bytes.
uint32_t stack_peak(void);
// Lowest address a running module may push the stack to: what is below is left for wasm3's compiler and the imports.
void *stack_module_limit(void);
#endif

#endif
