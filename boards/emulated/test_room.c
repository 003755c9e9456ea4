// Room for modules under test and for keys of test vectors. On boards that stand for a chip it lies outside the memory
// that the chip would have.
#include "board.h"

#define TEST_KEYS 64
#define TEST_MODULE_BYTES (240u * 1024)

const uint32_t board_test_key_room = TEST_KEYS;
__attribute__((section(".bss.test_room"))) struct board_test_key board_test_keys[TEST_KEYS];

const uint32_t board_test_room_bytes = TEST_MODULE_BYTES;
__attribute__((section(".bss.test_room"))) _Alignas(8) uint8_t board_test_room[TEST_MODULE_BYTES];
