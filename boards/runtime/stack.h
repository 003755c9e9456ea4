// The C stack: the start-up code fills it with a pattern, so that its deepest use can be found later.
#ifndef TIELINE_STACK_H
#define TIELINE_STACK_H

#define STACK_PATTERN 0xa5a5a5a5

// Bytes of the C stack that modules must leave: wasm3 compiles a function when it is first called, on top of everything
// that runs, and its depth follows the nesting of blocks. Metrology's functions take less than 3 KB, the deepest of any
// project module measured took 9.4 KB. Imports run there too, though not at the same time: the deepest, `recover`, takes
// 7 KB. Boards with wider words scale them.
#ifndef STACK_SCALE
#define STACK_SCALE 1
#endif
#define METROLOGY_STACK_RESERVE (4096 * STACK_SCALE)
#define NODE_STACK_RESERVE (9728 * STACK_SCALE)

#ifndef __ASSEMBLER__ // the start-up code needs the pattern only
#include <stdint.h>

// Size of the stack, bytes.
uint32_t stack_bytes(void);
// Deepest use since power-on, bytes.
uint32_t stack_peak(void);
// Its lowest address.
const void *stack_bottom(void);
#endif

#endif
