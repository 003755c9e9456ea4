// Room for keys of test vectors. It lies where loaded modules do, outside the memory that stands for a chip's.
#include "board.h"

#define ROOM 64

const uint32_t board_test_key_room = ROOM;

__attribute__((section(".test_keys"))) struct board_test_key board_test_keys[ROOM];
