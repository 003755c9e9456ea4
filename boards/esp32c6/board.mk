# ESP32-C6, RV32IMAC, bare metal, booted by the chip's ROM straight from flash. README.md says why so.
CROSS := riscv64-unknown-elf-
# Without -misa-spec=2.2 the _zicsr suffix that csr instructions then need selects a C library for another ISA.
ARCH := -march=rv32imac -mabi=ilp32 -misa-spec=2.2
# wasm3 needs tail calls: any -O level of these does, -msave-restore would prevent them.
CFLAGS := -Os --specs=picolibc.specs
# 8 KB of flash for an eighth of the time in which functions are compiled, and of that in which they run.
WASM3_SPEED := -O2
PARTS := bare
PROGRAM := board.elf
# Links to peers that there is memory for.
PEER_LINKS := 1
LINKER_SCRIPT := $(ROOT)/boards/esp32c6/link.ld
# Read-only data shares the only flash segment with code, and code that runs while flash is written the RAM with data.
LDFLAGS := --specs=picolibc.specs -nostartfiles -T $(LINKER_SCRIPT) -Wl,--gc-sections -Wl,--no-warn-rwx-segments \
    -Wl,--print-memory-usage
# Whose images of the node module the board takes: 66 hexadecimal digits, a compressed point. None: it takes none.
UPDATE_KEY ?=
# What both modules' compiled code may take of 512 KB; see "Memory" in README.md.
CODE_CACHE ?= 12288
# 1: a host may step the board through simulated time. Not for a meter that counts.
HIL ?=
BOARD_FLAGS := $(if $(HIL),-DBOARD_STEPPED) -DUPDATE_KEY='"$(UPDATE_KEY)"' -DCODE_CACHE_BYTES=$(CODE_CACHE)u
