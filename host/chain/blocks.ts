import { sha256d } from "./chain.js";

// Blocks of a simulated chain: headers as on regtest, with its trivial proof of work, so that whatever reads blocks or
// headers can read these.

const BITS = 0x207f_ffff;
const GENESIS_TIME_S = 1_296_688_602;
/** Time from one block to the next. */
const SPACING_S = 600;

/** Bitcoin's regtest genesis block is where a simulated chain begins: this is its header. */
export const GENESIS_HEADER: Uint8Array = header(
  1,
  new Uint8Array(32),
  Uint8Array.from(Buffer.from("3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a", "hex")),
  GENESIS_TIME_S,
);

/** Simulated blocks come at exact distances: what a block's time is depends on nothing but its height. */
export const blockTimeS = (height: number): number => GENESIS_TIME_S + SPACING_S * height;

/** Median of the eleven blocks below `height`. */
export const medianBeforeS = (height: number): number => blockTimeS(Math.max(0, height - 6));

function header(version: number, previous: Uint8Array, root: Uint8Array, timeS: number): Uint8Array {
  const bytes = new Uint8Array(80);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, version, true);
  bytes.set(previous, 4);
  bytes.set(root, 36);
  view.setUint32(68, timeS, true);
  view.setUint32(72, BITS, true);
  // The genesis block's is 2.
  for (let nonce = 2; ; nonce++) {
    view.setUint32(76, nonce, true);
    // The target's first byte is 0x7f: half of all nonces do.
    if ((sha256d(bytes)[31] ?? 0xff) < 0x7f) return bytes;
  }
}

/** Merkle root of transaction ids, as hashed. */
export function merkleRoot(txids: readonly Uint8Array[]): Uint8Array {
  let row = [...txids];
  while (row.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const [left, right = left] = [row[i], row[i + 1]];
      next.push(sha256d(Buffer.concat([left ?? new Uint8Array(0), right ?? new Uint8Array(0)])));
    }
    row = next;
  }
  return row[0] ?? new Uint8Array(32);
}

export const blockHeader = (previous: Uint8Array, txids: readonly Uint8Array[], height: number): Uint8Array =>
  header(0x2000_0000, previous, merkleRoot(txids), blockTimeS(height));

/**
 * A coinbase without witness commitment. Its script holds the height (BIP 34) and the branch: blocks of the same height
 * on two branches differ.
 */
export function coinbase(
  height: number,
  branch: number,
  outputs: readonly { sat: bigint; script: Uint8Array }[],
): Uint8Array {
  const scriptSig = Buffer.alloc(10);
  scriptSig.writeUInt8(4, 0);
  scriptSig.writeUInt32LE(height, 1);
  scriptSig.writeUInt8(4, 5);
  scriptSig.writeUInt32LE(branch, 6);
  const head = Buffer.alloc(4 + 1 + 36);
  head.writeUInt32LE(2, 0);
  head.writeUInt8(1, 4);
  head.writeUInt32LE(0xffff_ffff, 37);
  const tails = outputs.map(({ sat, script }) => {
    const tail = Buffer.alloc(9);
    tail.writeBigUInt64LE(sat, 0);
    tail.writeUInt8(script.length, 8);
    return Buffer.concat([tail, script]);
  });
  return Uint8Array.from(
    Buffer.concat([
      head,
      Uint8Array.of(scriptSig.length),
      scriptSig,
      Buffer.alloc(4, 0xff),
      Uint8Array.of(outputs.length),
      ...tails,
      Buffer.alloc(4),
    ]),
  );
}
