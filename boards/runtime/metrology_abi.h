// The metrology module's boundary, once for all C code: host/metrology/abi.ts says the same for the host and a test
// compares the two. Each entry stands on a line of its own: X(name, "signature", ...).
//
// Signatures are wasm3's: result, then parameters in parentheses; i = i32, I = i64.
#ifndef TIELINE_METROLOGY_ABI_H
#define TIELINE_METROLOGY_ABI_H

#define METROLOGY_ABI_VERSION 4
#define METROLOGY_IMPORT_MODULE "board"

// Capacities of the module's input and output buffers, bytes.
#define METROLOGY_INPUT_BYTES 4096
#define METROLOGY_OUTPUT_BYTES 1536

// Linear memory the board grants. wasm3 would allocate whole 64 KiB pages; the module's `memory_bytes` says what it
// really needs, and the board refuses to start a module that needs more.
#define METROLOGY_MEMORY_BYTES 13312

// X(name, signature), in the order of assembly/metrology/board.ts.
#define METROLOGY_IMPORTS(X) \
    X(sha256, "i(iii)") \
    X(sign, "i(ii)") \
    X(module_hash, "i(i)") \
    X(flash_sector_bytes, "i()") \
    X(flash_sectors, "i()") \
    X(flash_read, "i(iii)") \
    X(flash_program, "i(iii)") \
    X(flash_erase, "i(i)")

// X(name, signature, fills_output), in the order of assembly/metrology/index.ts, which numbers them on the service
// link. fills_output: a positive result is a number of bytes in the output buffer.
#define METROLOGY_EXPORTS(X) \
    X(abi, "i()", 0) \
    X(in_buffer, "i()", 0) \
    X(out_buffer, "i()", 0) \
    X(memory_bytes, "i()", 0) \
    X(boot, "i(iI)", 0) \
    X(set_clock, "i(IIi)", 0) \
    X(pulse_edges, "i(Ii)", 0) \
    X(pulse_counter, "i(iiI)", 0) \
    X(tamper, "i(iiI)", 0) \
    X(transaction, "i(iiI)", 0) \
    X(tick, "i(I)", 1) \
    X(registers, "i()", 1) \
    X(record, "i(ii)", 1) \
    X(event, "i(i)", 1) \
    X(note, "i(iiII)", 1) \
    X(save, "i(I)", 0)

#endif
