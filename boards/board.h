// The hardware as the runtime sees it: everything a board has to supply. A board is a folder that implements this
// header; nothing above it knows which board it runs on.
//
// Functions return >= 0 on success or a negative code of runtime/errors.h. None keeps a pointer it was given. Only
// `board_idle_until` waits; everything else returns as soon as the hardware allows.
#ifndef TIELINE_BOARD_H
#define TIELINE_BOARD_H

#include <stddef.h>
#include <stdint.h>

// Lower-case name for people and logs, at most 32 characters.
extern const char board_name[];

// Brings up the hardware. Called once, before any other function.
void board_init(void);

// ---- Flash partitions: NOR, erased bytes are 0xFF, programming only clears bits. ----------------------------------

enum board_partition {
    PARTITION_METROLOGY, // the metrology module's journal and records
    PARTITION_NODE,      // the node module's
    PARTITION_SETTINGS,  // what this board is set up for, 4 sectors
    PARTITION_SLOT_A,    // node images that came over the link, 32 sectors each
    PARTITION_SLOT_B,
    PARTITION_METROLOGY_IMAGES, // metrology modules likewise, 16 sectors: two halves
};
#define BOARD_PARTITIONS 6

// Bytes per erase sector, the same in every partition.
uint32_t board_flash_sector_bytes(void);
// Number of erase sectors of a partition.
uint32_t board_flash_sectors(enum board_partition partition);
// Copies `length` bytes at `offset` of the partition to `data`; the range may span sectors.
// ERR_RANGE: outside the partition. ERR_FLASH: the device reports a failure.
int32_t board_flash_read(enum board_partition partition, uint32_t offset, uint8_t *data, uint32_t length);
// Programs `length` bytes at `offset`: each stored byte becomes stored AND given. The range lies within one sector.
// ERR_RANGE: outside the partition or across sectors. ERR_FLASH: the device reports a failure, or power is failing.
int32_t board_flash_program(enum board_partition partition, uint32_t offset, const uint8_t *data, uint32_t length);
// Sets every byte of sector number `sector` to 0xFF.
// ERR_RANGE: no such sector. ERR_FLASH: the device reports a failure, or power is failing.
int32_t board_flash_erase(enum board_partition partition, uint32_t sector);
// A partition's bytes where the processor sees them, as they change: modules run out of them. NULL: it cannot.
const uint8_t *board_flash_map(enum board_partition partition);

// ---- Key store: the metrology key never leaves the board and never enters a module. -------------------------------

// Signs a 32-byte digest: ECDSA over secp256k1, RFC 6979 nonce, low-S; 64 bytes r || s, big-endian, at `signature`.
// ERR_STATE: no key is provisioned. ERR_CRYPTO: the key cannot sign.
int32_t board_key_sign(const uint8_t digest[32], uint8_t signature[64]);
// The key's public point, SEC 1 compressed, 33 bytes. Errors as `board_key_sign`.
int32_t board_key_public(uint8_t public_key[33]);
// Makes the key, once in a board's life. ERR_STATE: there is one. ERR_CRYPTO: no entropy. ERR_FLASH.
int32_t board_key_make(void);

// ---- Root secret of the node: all its keys are derived from it. It never enters a module. -------------------------

// Copies the 32-byte secret, which the caller wipes. ERR_STATE: none is provisioned.
int32_t board_node_root(uint8_t root[32]);
// Makes the secret, once in a board's life. Errors as `board_key_make`.
int32_t board_node_root_make(void);

// ---- Update key: whose images of the node module the board takes. -------------------------------------------------

// SEC 1 compressed point, 33 bytes. ERR_STATE: none is provisioned, and no image is taken.
int32_t board_update_key(uint8_t public_key[33]);

// ---- Test keys: a board for use has room for none, and then modules cannot import any. ----------------------------

// A key that stands in the place of the node's own: vectors of specifications want theirs.
struct board_test_key {
    int32_t handle;
    uint8_t key[32];
};

// Entries of `board_test_keys`, which only runtime/key_ring.c uses; it need not be zeroed at start.
extern const uint32_t board_test_key_room;
extern struct board_test_key board_test_keys[];

// ---- Room for modules under test: a board for use has none, and then none can be loaded. --------------------------

extern const uint32_t board_test_room_bytes;
// Where they go; need not be zeroed at start.
extern uint8_t board_test_room[];

// ---- Inputs of the meter ------------------------------------------------------------------------------------------

struct board_edge {
    uint32_t mono_ms; // low 32 bits of the monotonic time, milliseconds
    uint8_t input;    // 0: import, 1: export
    uint8_t level;    // after the edge
};

// Takes up to `capacity` edges, oldest first, out of the queue that the interrupt fills. Returns how many.
uint32_t board_pulse_edges(struct board_edge *to, uint32_t capacity);
// Whether edges were lost, since this was last asked, because the queue was full.
int board_pulse_overrun(void);
// Whether hardware counts pulses; then there are no edges.
extern const int board_counts_pulses;
// The counters, modulo 65,536: 0 at power-on.
void board_pulse_counters(uint16_t counters[2]);
// What is active now; bit 0: the cover is open, bit 1: a magnetic field.
uint32_t board_tamper_inputs(void);

// ---- Time and entropy ---------------------------------------------------------------------------------------------

// Microseconds since power-on; never goes back.
uint64_t board_monotonic_us(void);
// Milliseconds since 1970, UTC, of a clock that runs without power. ERR_STATE: there is none, or it was never set.
int32_t board_rtc_ms(int64_t *utc_ms);
// Fills `data` with `length` <= 32 bytes unpredictable to an observer. It seeds the node's random generator and blinds
// signing against side channels, and is never a nonce. ERR_STATE: the board has no source of entropy or it is spent.
int32_t board_entropy(uint8_t *data, uint32_t length);

// ---- Links: byte streams in both directions. ----------------------------------------------------------------------

// How many there are, once the board is brought up; 0 is the service link, the others are to peers.
extern uint32_t board_links;
// Takes up to `capacity` bytes that have arrived. Returns how many, 0 if none.
uint32_t board_link_read(uint32_t link, uint8_t *data, uint32_t capacity);
// Hands over up to `length` bytes. Returns how many were accepted, 0 if the line is busy.
uint32_t board_link_write(uint32_t link, const uint8_t *data, uint32_t length);

// ---- Running ------------------------------------------------------------------------------------------------------

#define BOARD_NO_DEADLINE UINT64_MAX

// Sleeps until a byte may have arrived on a link, an input may have changed or the monotonic time has come; may return
// early.
void board_idle_until(uint64_t us);

// From now on the board resets itself where the watchdog is not fed for `ms`.
void board_watchdog_start(uint32_t ms);
void board_watchdog_feed(void);

enum board_reset_reason { RESET_POWER_ON, RESET_SOFTWARE, RESET_WATCHDOG, RESET_BROWN_OUT, RESET_FAULT };
enum board_reset_reason board_reset_reason(void);
// 0 while the supply is failing: the flash then refuses to be written.
int board_power_good(void);
// A line for whoever debugs the board; nothing reads it.
void board_log(const char *text);

// Whether a host may take the board through a time of its own (STEP): boards that stand for one in simulations.
extern const int board_takes_steps;

// Starts the firmware anew, as after a power cycle.
_Noreturn void board_reset(void);
// As `board_reset`, because the firmware failed.
_Noreturn void board_reset_after_fault(void);
// Ends: emulated boards switch themselves off, others sleep until power is cycled.
_Noreturn void board_power_off(void);

#endif
