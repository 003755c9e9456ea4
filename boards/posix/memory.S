# The memory that stands for a chip's: the firmware's stack, with a page below it that cannot be touched (process.c), and
# the heap.
    .bss
    .balign 4096
    .globl stack_guard
stack_guard:
    .zero 4096
    .globl __stack_bottom
__stack_bottom:
    .zero STACK_BYTES
    .globl __stack_top
__stack_top:

    .balign 4096
    .globl __heap_start
__heap_start:
    .zero HEAP_BYTES
    .globl __heap_end
__heap_end:

    .section .note.GNU-stack, "", %progbits
