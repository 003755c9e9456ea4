import type { BoardClient } from "../link/board_client.js";
import type { ExportName } from "../metrology/abi.js";
import { type NodeExportName } from "../node/abi.js";
import type { RecordedCall } from "./board_calls.js";

/**
 * Does on a board what was recorded. Returns the calls that came out otherwise, none if all is well.
 * @param after called behind each call that was made
 */
export async function replay(
  client: BoardClient,
  calls: readonly RecordedCall[],
  after: (call: RecordedCall) => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const differences: string[] = [];
  for (const [i, call] of calls.entries()) {
    // Where a module's buffers lie the board asks itself.
    if (["in_buffer", "out_buffer"].includes(call.name)) continue;
    const { name, args, input, output } = call;
    const got =
      call.place === "node"
        ? await client.callNode(name as NodeExportName, args, input, output.length)
        : { ...(await client.call(name as ExportName, args, input)), outputs: [] };
    const one = { result: call.result, output: Buffer.from(output), outputs: call.outputs };
    const other = { result: got.result, output: Buffer.from(got.output), outputs: got.outputs };
    if (text(one) !== text(other)) {
      differences.push(`call ${i}, ${call.place} ${name}(${args.join(", ")}): ${text(other)} instead of ${text(one)}`);
    }
    await after(call);
  }
  return differences;
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) =>
    field instanceof Uint8Array ? Buffer.from(field).toString("hex") : field,
  );
