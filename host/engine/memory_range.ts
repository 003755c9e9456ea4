/** A range of linear memory, or undefined if it leaves it. Wasm addresses and lengths are unsigned. */
export type MemoryRange = (pointer: number, length: number) => Uint8Array | undefined;

/** @param memory the instance's linear memory as it is now */
export const memoryRange =
  (memory: () => Uint8Array): MemoryRange =>
  (pointer, length) => {
    const bytes = memory();
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    return end <= bytes.length ? bytes.subarray(start, end) : undefined;
  };
