import fc from "fast-check";
import { expect } from "vitest";
import { NODE_INPUT_BYTES } from "../../host/node/abi.js";
import { encodeMessage } from "../../host/wire/message.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { anyMessage } from "./arbitraries.js";
import { CODES } from "./wire_module.js";

const ERR_ARGUMENT = -1;

onEveryModuleEngine("node: messages through the buffers", "test/wire/node.entry.ts", async (module) => {
  const input = (await module.call("in_buffer")) as number;
  const output = (await module.call("out_buffer")) as number;
  const frames = fc
    .sample(anyMessage, { numRuns: module.engine === "qemu" ? 20 : 200, seed: 4 })
    .map((message) => ({ type: message.type, frame: encodeMessage(message) }))
    .filter(({ frame }) => frame.length <= NODE_INPUT_BYTES);
  for (const { type, frame } of frames) {
    await module.write(input, frame);
    expect(await module.call("message_decode", frame.length)).toBe(type);
    expect(await module.call("message_reencode", frame.length)).toBe(frame.length);
    expect(toHex(await module.read(output, frame.length))).toBe(toHex(frame));
  }
  for (const [frame, code] of [
    ["001000000000ca012a", CODES.ERR_UNKNOWN_EVEN],
    ["00100000", CODES.ERR_TRUNCATED],
    ["0003", 0],
    ["0004", CODES.ERR_UNKNOWN_EVEN],
  ] as const) {
    await module.write(input, hex(frame));
    expect(await module.call("message_decode", frame.length / 2)).toBe(code);
    expect(await module.call("message_reencode", frame.length / 2)).toBe(code);
  }
  for (const length of [-1, NODE_INPUT_BYTES + 1, -(2 ** 31)]) {
    expect(await module.call("message_decode", length)).toBe(ERR_ARGUMENT);
    expect(await module.call("message_reencode", length)).toBe(ERR_ARGUMENT);
  }
});
