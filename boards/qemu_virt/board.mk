# QEMU's riscv32 `virt` machine: RV32IMAC, bare metal.
CROSS := riscv64-unknown-elf-
# Without -misa-spec=2.2 the _zicsr suffix that csr instructions then need selects a C library for another ISA.
ARCH := -march=rv32imac -mabi=ilp32 -misa-spec=2.2
# wasm3 needs tail calls: any -O level of these does, -msave-restore would prevent them.
CFLAGS := -Os --specs=picolibc.specs
# 8 KB of flash for an eighth of the time in which functions are compiled, and of that in which they run.
WASM3_SPEED := -O2
PARTS := bare emulated
PROGRAM := board.elf
# Links to peers that there is memory for.
PEER_LINKS := 1
LINKER_SCRIPT := $(ROOT)/boards/qemu_virt/link.ld
LDFLAGS := --specs=picolibc.specs -nostartfiles -T $(LINKER_SCRIPT) -Wl,--gc-sections -Wl,--no-warn-rwx-segments
