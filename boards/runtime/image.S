# The modules, read in place by wasm3. METROLOGY_WASM and NODE_WASM come from the Makefile.
    .section .wasm, "a"
    .balign 4
    .globl metrology_image
metrology_image:
    .incbin METROLOGY_WASM
    .globl metrology_image_end
metrology_image_end:

    .section .wasm.node, "a"
    .balign 4
    .globl node_image
node_image:
    .incbin NODE_WASM
    .globl node_image_end
node_image_end:

    .section .note.GNU-stack, "", %progbits
