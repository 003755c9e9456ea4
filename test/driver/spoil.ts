/** What spoils a copy of a frame, in place. */
export type Change = (frame: Buffer) => void;

export const u16 =
  (at: number, value: number): Change =>
  (frame) =>
    void frame.writeUInt16BE(value, at);

export const u32 =
  (at: number, value: number): Change =>
  (frame) =>
    void frame.writeUInt32BE(value, at);

export const u64 =
  (at: number, value: bigint): Change =>
  (frame) =>
    void frame.writeBigUInt64BE(value, at);
