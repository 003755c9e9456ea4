import { Trap } from "../../host/engine/engine.js";
import type { BoardClient } from "../../host/link/board_client.js";
import { LinkError, Status } from "../../host/link/protocol.js";
import type { Piece, Tape, TapeStep } from "./tape.js";

/** Steps that are asked for before the first one's answer is awaited. */
const AHEAD = 8;
/** So much of memory is asked for at once: a board may take its time. */
const PIECE_BYTES = 16_384;

/** What was got instead of what was to be; undefined if it is the same. */
const against = (is: Uint8Array, { at, bytes }: Piece): string | undefined => {
  const first = bytes.findIndex((byte, i) => byte !== is[i]);
  return first < 0 ? undefined : `byte ${at + first} of memory is ${is[first]} instead of ${bytes[first]}`;
};

async function checkCall(client: BoardClient, { name, args, result }: TapeStep): Promise<string | undefined> {
  const params = args.map((arg) => (typeof arg === "bigint" ? "i64" : "i32"));
  try {
    const got = await client.callNamed(name, params, args);
    // V8 gives signed numbers, and so does the link.
    return got === result ? undefined : `gives ${got} instead of ${result === Trap ? "a trap" : String(result)}`;
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    if (result === Trap && error.status === Status.trap) return undefined;
    return `is refused: ${error.message}`;
  }
}

const checkPiece = async (client: BoardClient, piece: Piece): Promise<string | undefined> =>
  client.memoryRead(piece.at, piece.bytes.length).then(
    (bytes) => against(bytes, piece),
    (error: unknown) => `memory cannot be read: ${String(error)}`,
  );

/** Does one step; what came out otherwise. All its requests are on their way when this returns. */
async function step(client: BoardClient, one: TapeStep): Promise<string | undefined> {
  const writes = one.writes.map(({ at, bytes }) =>
    client.memoryWrite(at, bytes).then(
      () => undefined,
      (error: unknown) => `memory cannot be written: ${String(error)}`,
    ),
  );
  const call = checkCall(client, one);
  const pieces = one.result === Trap ? [] : one.changed.map((piece) => checkPiece(client, piece));
  const found = await Promise.all([...writes, call, ...pieces]);
  return found.find((difference) => difference !== undefined);
}

/**
 * Does with a fresh instance on a board what a tape says, and compares all that comes of it: every result, every byte that
 * a call changed, and at the end the whole memory. The first difference; undefined if there is none.
 */
export async function replayTape(client: BoardClient, wasm: Uint8Array, tape: Tape): Promise<string | undefined> {
  await client.load(wasm);
  for (let from = 0; from < tape.steps.length; from += AHEAD) {
    const steps = tape.steps.slice(from, from + AHEAD);
    const found = await Promise.all(steps.map((one) => step(client, one)));
    const first = found.findIndex((difference) => difference !== undefined);
    if (first < 0) continue;
    const { name, args } = steps[first] as TapeStep;
    return `call ${from + first}, ${name}(${args.join(", ")}): ${found[first]}`;
  }
  if (tape.steps.at(-1)?.result === Trap) return undefined;
  for (let at = 0; at < tape.memory.length; at += PIECE_BYTES) {
    const difference = await checkPiece(client, { at, bytes: tape.memory.subarray(at, at + PIECE_BYTES) });
    if (difference !== undefined) return `after the last call: ${difference}`;
  }
  return undefined;
}
