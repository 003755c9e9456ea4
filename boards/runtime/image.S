# The metrology module, read in place by wasm3. METROLOGY_WASM comes from the Makefile.
    .section .wasm, "a"
    .balign 4
    .globl metrology_image
metrology_image:
    .incbin METROLOGY_WASM
    .globl metrology_image_end
metrology_image_end:
