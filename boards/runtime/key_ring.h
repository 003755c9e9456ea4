// The node's long-term keys behind handles (assembly/crypto/keys.ts), all derived from the board's one root secret.
#ifndef TIELINE_KEY_RING_H
#define TIELINE_KEY_RING_H

#include <stdint.h>

// The private key of a handle into 32 bytes, which the caller wipes.
// ERR_STATE: the handle (negative) stands for no key, or no root secret is provisioned.
int32_t key_ring_key(int32_t handle, uint8_t key[32]);

// The secret of a purpose (assembly/crypto/keys.ts): it may enter wasm. ERR_STATE: no root secret is provisioned.
int32_t key_ring_seed(uint32_t purpose, uint8_t seed[32]);

// Puts a key of a test vector in the place of a handle's own, on boards with room for such (board.h).
// ERR_CRYPTO: `handle` is negative or `key` no valid scalar. ERR_CAPACITY: there is no room.
int32_t key_ring_import(int32_t handle, const uint8_t key[32]);

// Forgets all imported keys.
void key_ring_forget_imported(void);

#endif
