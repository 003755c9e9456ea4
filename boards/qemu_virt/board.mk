# QEMU's riscv32 `virt` machine: RV32IMAC, bare metal.
CROSS := riscv64-unknown-elf-
# Without -misa-spec=2.2 the _zicsr suffix that csr instructions then need selects a C library for another ISA.
ARCH := -march=rv32imac -mabi=ilp32 -misa-spec=2.2
