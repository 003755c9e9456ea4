// The hardware as the runtime sees it: everything a board has to supply. A board is a folder that implements this
// header; nothing above it knows which board it runs on.
//
// Functions return >= 0 on success or a negative code of runtime/errors.h. None keeps a pointer it was given. Only
// `board_idle` waits; everything else returns as soon as the hardware allows.
#ifndef TIELINE_BOARD_H
#define TIELINE_BOARD_H

#include <stddef.h>
#include <stdint.h>

// Lower-case name for people and logs, at most 32 characters.
extern const char board_name[];

// Brings up the hardware. Called once, before any other function.
void board_init(void);

// ---- Metrology flash partition: NOR, erased bytes are 0xFF, programming only clears bits. -------------------------

// Bytes per erase sector.
uint32_t board_flash_sector_bytes(void);
// Number of erase sectors.
uint32_t board_flash_sectors(void);
// Copies `length` bytes at `offset` of the partition to `data`; the range may span sectors.
// ERR_RANGE: outside the partition. ERR_FLASH: the device reports a failure.
int32_t board_flash_read(uint32_t offset, uint8_t *data, uint32_t length);
// Programs `length` bytes at `offset`: each stored byte becomes stored AND given. The range lies within one sector.
// ERR_RANGE: outside the partition or across sectors. ERR_FLASH: the device reports a failure.
int32_t board_flash_program(uint32_t offset, const uint8_t *data, uint32_t length);
// Sets every byte of sector number `sector` to 0xFF.
// ERR_RANGE: no such sector. ERR_FLASH: the device reports a failure.
int32_t board_flash_erase(uint32_t sector);

// ---- Key store: the metrology key never leaves the board and never enters a module. -------------------------------

// Signs a 32-byte digest: ECDSA over secp256k1, RFC 6979 nonce, low-S; 64 bytes r || s, big-endian, at `signature`.
// ERR_STATE: no key is provisioned. ERR_CRYPTO: the key cannot sign.
int32_t board_key_sign(const uint8_t digest[32], uint8_t signature[64]);
// The key's public point, SEC 1 compressed, 33 bytes. Errors as `board_key_sign`.
int32_t board_key_public(uint8_t public_key[33]);

// ---- Root secret of the node: all its keys are derived from it. It never enters a module. -------------------------

// Copies the 32-byte secret, which the caller wipes. ERR_STATE: none is provisioned.
int32_t board_node_root(uint8_t root[32]);

// ---- Test keys: a board for use has room for none, and then modules cannot import any. ----------------------------

// A key that stands in the place of the node's own: vectors of specifications want theirs.
struct board_test_key {
    int32_t handle;
    uint8_t key[32];
};

// Entries of `board_test_keys`, which only runtime/key_ring.c uses; it need not be zeroed at start.
extern const uint32_t board_test_key_room;
extern struct board_test_key board_test_keys[];

// ---- Time and entropy ---------------------------------------------------------------------------------------------

// Microseconds since power-on; never goes back.
uint64_t board_monotonic_us(void);
// Fills `data` with `length` <= 32 bytes unpredictable to an observer. Used to blind signing against side channels,
// never for nonces. ERR_STATE: the board has no source of entropy or it is spent.
int32_t board_entropy(uint8_t *data, uint32_t length);

// ---- Service link: a byte stream in both directions. --------------------------------------------------------------

// Takes up to `capacity` bytes that have arrived. Returns how many, 0 if none.
uint32_t board_link_read(uint8_t *data, uint32_t capacity);
// Hands over up to `length` bytes. Returns how many were accepted, 0 if the line is busy.
uint32_t board_link_write(const uint8_t *data, uint32_t length);

// ---- Power --------------------------------------------------------------------------------------------------------

// Sleeps until a byte may have arrived on the service link; may return early.
void board_idle(void);
// Starts the firmware anew, as after a power cycle.
_Noreturn void board_reset(void);
// Ends: emulated boards switch themselves off, others sleep until power is cycled.
_Noreturn void board_power_off(void);

#endif
