import { expect } from "vitest";
import { encodeMessage } from "../../host/wire/message.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { hostCode } from "./host_code.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

onEveryModuleEngine("wire: lengths where their own length changes", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  for (const length of [0, 1, 251, 252, 253, 254, 255, 256, 257, 300, 3000]) {
    const data = new Uint8Array(length).fill(length);
    const init = { globalfeatures: new Uint8Array(), features: data };
    const frames = [
      encodeMessage({ type: 16, fields: init }),
      encodeMessage({ type: 16, fields: { ...init, features: data.subarray(0, 9) }, tlvs: { remote_addr: { data } } }),
      encodeMessage({ type: 16, fields: init, unknown: [{ type: 255n, value: data }] }),
    ];
    for (const frame of frames) expect(await wire.reencode(frame), `${length}`).toBe(toHex(frame));
  }
});

const bytes = (count: number): string => "11".repeat(count);
const byte = (value: number): string => value.toString(16).padStart(2, "0");
const chain = bytes(32);

onEveryModuleEngine("wire: arrays of no whole number of elements", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const cases: [string, number][] = [];
  // encoded_short_ids: u16 length, encoding, 8 bytes each.
  for (let length = 0; length <= 25; length++) {
    const whole = length % 8 === 0;
    cases.push(
      [`0105${chain}00${byte(1 + length)}00${bytes(length)}`, whole ? 261 : CODES.ERR_LENGTH],
      [`0105${chain}00${byte(1 + length)}01${bytes(length)}`, CODES.ERR_VALUE],
      [`0108${chain}${bytes(8)}0100${byte(1 + length)}00${bytes(length)}`, whole ? 264 : CODES.ERR_LENGTH],
      [`0105${chain}00${byte(2 + length)}00${bytes(length)}`, CODES.ERR_TRUNCATED],
    );
  }
  cases.push([`0105${chain}0000`, CODES.ERR_TRUNCATED]);
  // Chains of 32 bytes; timestamps and checksums of 8; of the query flags any number.
  const range = `0108${chain}${bytes(8)}01000100`;
  const init = "001000000000";
  for (let length = 0; length <= 70; length++) {
    cases.push(
      [`${init}01${byte(length)}${bytes(length)}`, length % 32 === 0 ? 16 : CODES.ERR_LENGTH],
      [`${range}01${byte(1 + length)}00${bytes(length)}`, length % 8 === 0 ? 264 : CODES.ERR_LENGTH],
      [`${range}01${byte(1 + length)}01${bytes(length)}`, CODES.ERR_VALUE],
      [`${range}03${byte(length)}${bytes(length)}`, length % 8 === 0 ? 264 : CODES.ERR_LENGTH],
      [`0105${chain}00010001${byte(1 + length)}00${bytes(length)}`, 261],
      [`0105${chain}00010001${byte(4 + length)}00${bytes(length)}fd00fc`, CODES.ERR_MINIMAL],
      [`0105${chain}00010001${byte(3 + length)}00${bytes(length)}fd01`, CODES.ERR_TRUNCATED],
    );
  }
  const results = await wire.decodeMany(cases.map(([frame]) => hex(frame)));
  for (const [i, [frame, code]] of cases.entries()) {
    expect(results[i], frame).toBe(code);
    expect(hostCode(hex(frame)), frame).toBe(code);
  }
});
