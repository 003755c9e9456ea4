/*
 * wasm3's m3_compile.c, unmodified, with a limit check in front of every function body and loop turn. Compile this file
 * in place of m3_compile.c.
 *
 * How it hooks in: all of wasm3's operations live in m3_exec.h, which m3_compile.c includes. They continue by one of
 * two macros of m3_exec_defs.h: nextOpDirect(), a tail call, and nextOpImpl(), a plain call that only op_Entry and
 * op_Loop make, because they have work left when the body returns. Including m3_exec_defs.h first, so that its guard
 * makes the second inclusion a no-op, leaves both macros ours to redefine: the tail call is spelt out without
 * nextOpImpl(), and nextOpImpl() gains the check.
 */
#include "m3_env.h"
#include "m3_exec_defs.h"

#include "m3_limits.h"

const M3Result m3Err_trapGasExhausted = "[trap] gas exhausted";
const M3Result m3Err_trapNativeStackExhausted = "[trap] native stack exhausted";

/* The trap starts here, so here its backtrace starts, as wasm3's newTrap() does it. */
static M3_NOINLINE m3ret_t m3_limit_trap(m3ret_t trap, IM3Runtime runtime, pc_t pc)
{
#if d_m3RecordBacktraces
    PushBacktraceFrame(runtime, pc - 1);
#else
    (void)runtime;
    (void)pc;
#endif
    return trap;
}

#define m3_run_body() ((IM3Operation)(*_pc))(_pc + 1, d_m3OpArgs)

/* Inlined into op_Entry and op_Loop; whether or not it is, the frame address is within a frame of the true depth. */
static inline m3ret_t m3_metered_body(d_m3OpSig)
{
    M3Limits *limits = m3MemRuntime(_mem)->userdata;

    if (M3_UNLIKELY(limits->gas_left == 0))
        return m3_limit_trap(m3Err_trapGasExhausted, m3MemRuntime(_mem), _pc);
    limits->gas_left--;
    if (M3_UNLIKELY((uintptr_t)__builtin_frame_address(0) < limits->stack_floor))
        return m3_limit_trap(m3Err_trapNativeStackExhausted, m3MemRuntime(_mem), _pc);
    return m3_run_body();
}

#undef nextOpDirect
#undef nextOpImpl
#define nextOpDirect() M3_MUSTTAIL return m3_run_body()
#define nextOpImpl() m3_metered_body(d_m3OpAllArgs)

/*
 * op_MemGrow adds page counts in 32 bits and would take memory.grow(-1) for a wish to shrink, and it reports success
 * when a memory limit keeps the memory as small as it was. Both must fail with -1.
 */
static M3Result m3_grow_memory(IM3Runtime runtime, u32 pages)
{
    if (pages <= runtime->memory.numPages || pages > UINT16_MAX)
        return m3Err_wasmMemoryOverflow;
    if (runtime->memoryLimit && pages > runtime->memoryLimit / d_m3MemPageSize)
        return m3Err_wasmMemoryOverflow;
    return ResizeMemory(runtime, pages);
}

#define ResizeMemory m3_grow_memory

/* wasm3 compiles a tail call as a plain one and goes on behind it, where valid code need not make sense: refuse it. */
static M3Result m3_read_opcode(m3opcode_t *opcode, bytes_t *bytes, cbytes_t end)
{
    enum { RETURN_CALL = 0x12, RETURN_CALL_INDIRECT = 0x13 };
    M3Result error = Read_opcode(opcode, bytes, end);

    if (!error && (*opcode == RETURN_CALL || *opcode == RETURN_CALL_INDIRECT))
        return m3Err_unknownOpcode;
    return error;
}

#define Read_opcode m3_read_opcode

#include "m3_compile.c"
