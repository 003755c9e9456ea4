// What this board's files have for each other.
#ifndef TIELINE_ESP32C6_INTERNAL_H
#define TIELINE_ESP32C6_INTERNAL_H

#include <stdint.h>

// Runs in RAM: it, and all it calls, may run while flash cannot be read, and must keep away from constants there.
#define RAM_CODE(name) __attribute__((section(".ramtext." #name), noinline))

void uart_init(void);
void inputs_init(void);
void time_init(void);
void watchdog_disable_all(void);
void supply_init(void);
void flash_init(void);
// Maps the slots and the metrology modules.
void mmu_init(void);
// What stands in flash at `address` has changed: what the cache kept of it is dropped, if it is mapped.
void mmu_forget(uint32_t address, uint32_t bytes);

// Takes what has arrived out of the UARTs. In RAM.
void uart_interrupt(void);
// Whether bytes wait to be read on any link.
int uart_waiting(void);
// Silences the alarm that ended a sleep. In RAM.
void alarm_interrupt(void);

enum flash_operation { FLASH_READ, FLASH_PROGRAM, FLASH_ERASE };
// One operation of the flash chip with the cache suspended. Address, a multiple of 4 (erase: of a sector), and up to
// FLASH_PIECE bytes, a multiple of 4, from or to `flash_piece`. 0, or the ROM's code. In RAM.
#define FLASH_PIECE 256u
extern uint32_t flash_piece[FLASH_PIECE / 4];
int32_t flash_operate(enum flash_operation operation, uint32_t address, uint32_t bytes);

// Access to flash at absolute addresses, of any alignment. Errors as those of board.h.
int32_t flash_read_at(uint32_t address, uint8_t *data, uint32_t length);
int32_t flash_program_at(uint32_t address, const uint8_t *data, uint32_t length);
int32_t flash_erase_at(uint32_t address);

#endif
