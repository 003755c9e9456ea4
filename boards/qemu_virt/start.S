# Reset and exception entry of QEMU's riscv32 `virt` machine, machine mode, one hart.
#include "stack.h"

    .section .text.start, "ax"
    .globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    .option push
    .option norelax         # would be computed from gp itself
    la gp, __global_pointer$
    .option pop
    la t0, trap
    csrw mtvec, t0
    la t0, __interrupt_stack_top
    csrw mscratch, t0

    # The region that stands for flash can be read and executed but not written, as on a chip: a stack that overflows
    # into it or a wild write is an exception at once. NAPOT entry 0: base | (size / 2 - 1), in units of 4 bytes.
    la t0, __flash_pmp
    csrw pmpaddr0, t0
    li t0, 0x9d             # locked, NAPOT, execute, read
    csrw pmpcfg0, t0

    la t0, __stack_bottom
    la sp, __stack_top
    li t1, STACK_PATTERN
1:  sw t1, 0(t0)
    addi t0, t0, 4
    bltu t0, sp, 1b

    la t0, __data_start
    la t1, __data_end
    la t2, __data_load
    j 3f
2:  lw t3, 0(t2)
    sw t3, 0(t0)
    addi t0, t0, 4
    addi t2, t2, 4
3:  bltu t0, t1, 2b

    la t0, __bss_start
    la t1, __bss_end
    j 5f
4:  sw zero, 0(t0)
    addi t0, t0, 4
5:  bltu t0, t1, 4b

    la t0, device_tree
    sw a1, 0(t0)
    call main

    .balign 4
park:
    wfi
    j park

    # Interrupts have a stack of their own: how much of the other one is free is the modules' affair. They may come
    # between any two instructions, so that all is saved that a C function may change.
    .balign 4
trap:
    csrrw sp, mscratch, sp
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
    csrr t0, mcause
    bgez t0, exception
    sw t1, 8(sp)
    sw t2, 12(sp)
    sw t3, 16(sp)
    sw t4, 20(sp)
    sw t5, 24(sp)
    sw t6, 28(sp)
    sw a0, 32(sp)
    sw a1, 36(sp)
    sw a2, 40(sp)
    sw a3, 44(sp)
    sw a4, 48(sp)
    sw a5, 52(sp)
    sw a6, 56(sp)
    sw a7, 60(sp)
    mv a0, t0
    call interrupt_taken
    lw ra, 0(sp)
    lw t0, 4(sp)
    lw t1, 8(sp)
    lw t2, 12(sp)
    lw t3, 16(sp)
    lw t4, 20(sp)
    lw t5, 24(sp)
    lw t6, 28(sp)
    lw a0, 32(sp)
    lw a1, 36(sp)
    lw a2, 40(sp)
    lw a3, 44(sp)
    lw a4, 48(sp)
    lw a5, 52(sp)
    lw a6, 56(sp)
    lw a7, 60(sp)
    addi sp, sp, 64
    csrrw sp, mscratch, sp
    mret

    # Nothing returns from an exception, so the stack may start over; it may be the stack that is exhausted.
    # A second exception, while the first is reported, ends here for good.
    .balign 4
exception:
    la t0, park
    csrw mtvec, t0
    la sp, __stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call fault_exception

    # Where the emulator put its device tree.
    .section .bss.device_tree, "aw", @nobits
    .balign 4
    .globl device_tree
device_tree:
    .zero 4
