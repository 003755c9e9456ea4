// The node module's boundary besides cryptography (crypto_abi.h), once for all C code: host/node/abi.ts says the same
// for the host, assembly/node/board.ts, assembly/meter/meter.ts and assembly/node/index.ts for the module, and a test
// compares them. Rows as in metrology_abi.h.
#ifndef TIELINE_NODE_ABI_H
#define TIELINE_NODE_ABI_H

#define NODE_ABI_VERSION 5
#define NODE_IMPORT_MODULE "board"
#define METER_IMPORT_MODULE "meter"

// Capacities of the module's input and output buffers, bytes.
#define NODE_INPUT_BYTES 3584
#define NODE_OUTPUT_BYTES 5120

// Its longest message, without the length and the MACs it goes out with.
#define NODE_MESSAGE_BYTES 2560

// Linear memory the board grants; as for metrology.
#define NODE_MEMORY_BYTES 148480

// X(name, signature), in the order of assembly/node/board.ts.
#define NODE_IMPORTS(X) \
    X(flash_sector_bytes, "i()") \
    X(flash_sectors, "i()") \
    X(flash_read, "i(iii)") \
    X(flash_program, "i(iii)") \
    X(flash_erase, "i(i)") \
    X(random, "i(ii)") \
    X(send, "i(iii)") \
    X(hang_up, "i(i)") \
    X(tell, "i(iii)") \
    X(broadcast, "i(iii)") \
    X(watch, "i(iiiii)")

// X(name, signature), in the order of assembly/meter/meter.ts.
#define METER_IMPORTS(X) \
    X(point, "i(ii)") \
    X(receipt, "i(iiii)") \
    X(note, "i(iiiIii)")

// X(name, signature, fills_output), in the order of assembly/node/index.ts, which numbers them on the service link. No
// result is taken for a length: the host says how many output bytes it wants.
#define NODE_EXPORTS(X) \
    X(abi, "i()", 0) \
    X(in_buffer, "i()", 0) \
    X(out_buffer, "i()", 0) \
    X(memory_bytes, "i()", 0) \
    X(transport_open, "i(ii)", 0) \
    X(transport_receive, "i(iii)", 0) \
    X(transport_send, "i(ii)", 0) \
    X(transport_remote, "i(i)", 0) \
    X(transport_close, "i(i)", 0) \
    X(gossip_verify, "i(iiiI)", 0) \
    X(gossip_sign, "i(iii)", 0) \
    X(invoice_decode, "i(i)", 0) \
    X(invoice_encode, "i(i)", 0) \
    X(onion_build, "i(ii)", 0) \
    X(onion_peel, "i(i)", 0) \
    X(onion_failure, "i()", 0) \
    X(onion_admit, "i(ii)", 0) \
    X(onion_unblind, "i(ii)", 0) \
    X(onion_error_create, "i(ii)", 0) \
    X(onion_error_wrap, "i(ii)", 0) \
    X(onion_error_unwrap, "i(iii)", 0) \
    X(message_decode, "i(i)", 0) \
    X(message_reencode, "i(i)", 0) \
    X(chain_commitment_sign, "i(i)", 0) \
    X(boot, "i(i)", 0) \
    X(connect, "i(ii)", 0) \
    X(receive, "i(ii)", 0) \
    X(disconnect, "i(i)", 0) \
    X(resume, "i(i)", 0) \
    X(tick, "i(II)", 0) \
    X(block, "i(ii)", 0) \
    X(funding_depth, "i(iiii)", 0) \
    X(funding_spent, "i(ii)", 0) \
    X(command, "i(ii)", 0)

#endif
