// What an emulated board was given before its first start. It is stored in the clear: these boards are for tests and
// simulations only.
#ifndef TIELINE_EMULATED_PROVISION_H
#define TIELINE_EMULATED_PROVISION_H

#include <stdint.h>

// The record as host/link/image.ts writes it to PROVISION_ADDRESS.
struct provision {
    uint8_t magic[4];
    uint8_t has; // PROVISION_ bits
    uint8_t inputs; // what board_tamper_inputs says as long as no input has told otherwise
    uint8_t reserved[2];
    uint8_t key[32];        // metrology's private key
    uint8_t root[32];       // the node's root secret
    uint8_t update_key[33]; // the public one
    uint8_t reserved_too[3];
    uint8_t seed[32]; // stands for entropy where a test must know it
    uint8_t crc[4];   // CRC-32 of all before it
};

#define PROVISION_MAGIC "TLK2"
#define PROVISION_KEY 1u
#define PROVISION_ROOT 2u
#define PROVISION_UPDATE_KEY 4u
#define PROVISION_SEED 8u
#define PROVISION_LARGE 16u // of metrology's partition: layout.h

// The board's own access to the record's place.
void provision_read(struct provision *record);
// Errors as `board_flash_program`.
int32_t provision_write(const struct provision *record);

// Its `inputs`.
uint32_t provision_inputs(void);

// The seed for tests, 32 bytes. ERR_STATE: there is none.
int32_t provision_seed(uint8_t seed[32]);

#endif
