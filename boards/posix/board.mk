# A process of the machine that builds it: needs nothing but a C compiler.
CROSS :=
ARCH :=
CFLAGS := -O2 -g
PARTS := emulated
PROGRAM := board
# Links to peers that there is memory for.
PEER_LINKS := 8
LINKER_SCRIPT :=
LDFLAGS := -Wl,--gc-sections -pthread
SECP256K1_WORDS := -DUSE_FIELD_5X52 -DUSE_SCALAR_4X64 -DHAVE___INT128 -DUSE_FORCE_WIDEMUL_INT128
HEAP_BYTES := 1572864
STACK_BYTES := $(if $(SANITIZE),262144,65536)
# Pointers and saved registers are twice as wide as a chip's, and the sanitizers put space around every variable.
BOARD_FLAGS := -DSTACK_SCALE=$(if $(SANITIZE),8,3) -DHEAP_BYTES=$(HEAP_BYTES) -DSTACK_BYTES=$(STACK_BYTES) \
    -D_GNU_SOURCE
ifdef SANITIZE
SANITIZE_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# wasm3 takes liberties with types and shifts, but none with memory.
WASM3_SANITIZE := -fsanitize=address
LDFLAGS += -fsanitize=address,undefined
endif
