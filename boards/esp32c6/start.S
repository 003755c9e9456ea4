# First bytes of flash, entry from the ROM and the trap vectors.
#include "stack.h"

    .section .text.start, "ax"
    .option push
    .option norvc
    # The ROM starts an image without a loader where these two words stand in front of it, and jumps behind them.
    .globl boot_header
boot_header:
    .word 0xaedb041d, 0xaedb041d
    .globl _start
_start:
    j 1f
    # For the packer and for whoever reads a flash chip: what this is, and how long without the hash behind it.
    .ascii "TLC6"
    .word __image_bytes
    .option pop

1:  csrci mstatus, 8        # no interrupts: the ROM's are not ours
    .option push
    .option norelax         # would be computed from gp itself
    la gp, __global_pointer$
    .option pop

    la t0, __stack_bottom
    la sp, __stack_top
    li t1, STACK_PATTERN
2:  sw t1, 0(t0)
    addi t0, t0, 4
    bltu t0, sp, 2b

    # Code for RAM and variables, in one piece.
    la t0, __data_start
    la t1, __data_end
    la t2, __data_load
    j 4f
3:  lw t3, 0(t2)
    sw t3, 0(t0)
    addi t0, t0, 4
    addi t2, t2, 4
4:  bltu t0, t1, 3b
    fence.i

    la t0, __bss_start
    la t1, __bss_end
    j 6f
5:  sw zero, 0(t0)
    addi t0, t0, 4
6:  bltu t0, t1, 5b

    la t0, vectors
    ori t0, t0, 1           # the only mode that the core has
    csrw mtvec, t0
    call main
7:  j 7b

    # In RAM: interrupts come while flash cannot be read. One entry of 4 bytes per line; exceptions take the first.
    .section .ramtext.vectors, "ax"
    .balign 256
    .globl vectors
vectors:
    .option push
    .option norvc
    j exception
    .rept 31
    j interrupt
    .endr
    .option pop

    # What the C function may change of the interrupted code's registers.
    .balign 4
interrupt:
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
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
    jal interrupt_taken
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
    mret

    # Nothing returns from an exception, so the stack may start over; it may be the stack that is exhausted. A second
    # one, while the first is reported, waits here for the watchdog.
    .balign 256
second:
    j second
    .balign 4
exception:
    la t0, second
    ori t0, t0, 1
    csrw mtvec, t0
    la sp, __stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    # Out of RAM into flash: too far for a jump.
    la t0, fault_exception
    jr t0
