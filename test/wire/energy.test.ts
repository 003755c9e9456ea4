import { expect } from "vitest";
import { encodeMessage, type Message } from "../../host/wire/message.js";
import type { Fields } from "../../host/wire/types.js";
import { onEveryModuleEngine } from "../driver/modules.js";
import { hex, toHex } from "../driver/vectors.js";
import { CODES, ENTRY, WireModule } from "./wire_module.js";

// Values that no field of ours can have: PROTOCOL.md, "Lightning extensions".

const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const point = Uint8Array.of(2, ...hash(7));
const signature = new Uint8Array(64).fill(9);

const ADD: Fields = {
  channel_id: hash(1),
  id: 5n,
  amount_msat: 1000n,
  payment_hash: hash(2),
  cltv_expiry: 100,
  onion_routing_packet: new Uint8Array(1366),
};
const ACCEPT: Fields = {
  temporary_channel_id: hash(1),
  dust_limit_satoshis: 354n,
  max_htlc_value_in_flight_msat: 1_000_000n,
  channel_reserve_satoshis: 1000n,
  htlc_minimum_msat: 1n,
  minimum_depth: 3,
  to_self_delay: 144,
  max_accepted_htlcs: 12,
  funding_pubkey: point,
  revocation_basepoint: point,
  payment_basepoint: point,
  delayed_payment_basepoint: point,
  htlc_basepoint: point,
  first_per_commitment_point: point,
};
const PARAMETERS: Fields = {
  rating_mw: 10_000_000n,
  interval_s: 900,
  flags: 2,
  meter_key: point,
  rent_forth_msat_per_kwh: -5000n,
  loss_forth_ppm: 1_000_000,
  rent_back_msat_per_kwh: 2n ** 63n - 1n,
  loss_back_ppm: 0,
  loss_max_ppm: 1_000_000,
  credit_limit_msat: 0n,
  price_cap_msat_per_kwh: 2n ** 64n - 1n,
  imbalance_spread_ppm: 1_000_000,
  tariff_msat_per_kwh: -(2n ** 63n) + 1n,
  hold_s: 10,
};
/** The last bytes of an accept_channel with PARAMETERS: offset of each field in the TLV's value, and its width. */
const OFFSETS: Readonly<Record<string, [number, number]>> = {
  interval_s: [8, 4],
  flags: [12, 1],
  meter_key: [13, 1],
  rent_forth_msat_per_kwh: [46, 8],
  loss_forth_ppm: [54, 4],
  rent_back_msat_per_kwh: [58, 8],
  loss_back_ppm: [66, 4],
  loss_max_ppm: [70, 4],
  imbalance_spread_ppm: [90, 4],
  tariff_msat_per_kwh: [94, 8],
  hold_s: [102, 2],
};
const VALUE_BYTES = 104;

onEveryModuleEngine("energy_parameters: each field's values", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const frame = encodeMessage({ type: 33, fields: ACCEPT, tlvs: { energy_parameters: PARAMETERS } });
  expect(await wire.reencode(frame)).toBe(toHex(frame));
  /** Code with other bytes in a field. */
  const decoded = (name: string, value: bigint): Promise<number> => {
    const [offset = 0, width = 0] = OFFSETS[name] ?? [];
    const changed = Buffer.from(frame);
    const bytes = BigInt.asUintN(8 * width, value).toString(16);
    changed.write(bytes.padStart(2 * width, "0"), frame.length - VALUE_BYTES + offset, "hex");
    return wire.on("decode", changed);
  };
  const MIN = -(2n ** 63n);
  const cases: [string, bigint[], bigint[]][] = [
    [
      "interval_s",
      [5n, 6n, 8n, 9n, 60n, 300n, 1200n, 3600n],
      [0n, 1n, 4n, 7n, 11n, 901n, 3599n, 7200n, 2n ** 32n - 1n],
    ],
    ["flags", [1n, 2n], [0n, 3n, 4n, 128n, 255n]],
    ["rent_forth_msat_per_kwh", [0n, MIN + 1n], [MIN]],
    ["loss_forth_ppm", [0n, 1_000_000n], [1_000_001n, 2n ** 32n - 1n]],
    ["rent_back_msat_per_kwh", [-1n], [MIN]],
    ["loss_back_ppm", [1_000_000n], [1_000_001n]],
    ["loss_max_ppm", [0n], [1_000_001n]],
    ["imbalance_spread_ppm", [0n], [1_000_001n]],
    ["tariff_msat_per_kwh", [0n], [MIN]],
    ["hold_s", [1n, 3600n], [0n, 3601n, 65_535n]],
  ];
  for (const [name, good, bad] of cases) {
    for (const value of good) expect(await decoded(name, value), `${name} ${value}`).toBe(33);
    for (const value of bad) expect(await decoded(name, value), `${name} ${value}`).toBe(CODES.ERR_VALUE);
  }
  for (const prefix of [0n, 1n, 4n, 6n, 255n]) expect(await decoded("meter_key", prefix)).toBe(CODES.ERR_POINT);
  expect(await decoded("meter_key", 3n)).toBe(33);
  // A TLV that is too short or too long by a byte.
  const start = toHex(frame).slice(0, -2 * (VALUE_BYTES + 6));
  const value = toHex(frame).slice(-2 * VALUE_BYTES);
  expect(await wire.on("decode", `${start}fe000109a168${value}`)).toBe(33);
  expect(await wire.on("decode", `${start}fe000109a167${value.slice(0, -2)}`)).toBe(CODES.ERR_TRUNCATED);
  expect(await wire.on("decode", `${start}fe000109a169${value}00`)).toBe(CODES.ERR_LENGTH);
});

onEveryModuleEngine("energy_rider: each field's values", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const bare = toHex(encodeMessage({ type: 128, fields: ADD }));
  const cases: [string, number][] = [
    ["6675d7f0" + "00" + "000a" + "00", 128],
    ["6675d7f0" + "01" + "0001" + "80", 128],
    ["6675d7f0" + "01" + "0e10" + "7fffffffffffffff", 128],
    ["6675d7f0" + "02" + "000a" + "00", 128],
    ["6675d7f0" + "03" + "000a" + "01", CODES.ERR_VALUE],
    ["6675d7f0" + "ff" + "000a" + "01", CODES.ERR_VALUE],
    ["6675d7f0" + "01" + "0000" + "01", CODES.ERR_VALUE],
    ["6675d7f0" + "01" + "0e11" + "01", CODES.ERR_VALUE],
    ["6675d7f0" + "01" + "ffff" + "01", CODES.ERR_VALUE],
    ["6675d7f0" + "01" + "000a" + "8000000000000000", CODES.ERR_VALUE],
    ["6675d7f0" + "01" + "000a" + "007f", CODES.ERR_MINIMAL],
    ["6675d7f0" + "01" + "000a" + "ffffff80", CODES.ERR_MINIMAL],
    ["6675d7f0" + "01" + "000a" + "010000", CODES.ERR_LENGTH],
    ["6675d7f0" + "01" + "000a", CODES.ERR_LENGTH],
    ["6675d7f0" + "01" + "00", CODES.ERR_TRUNCATED],
    ["6675d7f0" + "01", CODES.ERR_TRUNCATED],
    ["6675d7f0", CODES.ERR_TRUNCATED],
    ["6675d7", CODES.ERR_TRUNCATED],
  ];
  for (const [value, code] of cases) {
    const length = (value.length / 2).toString(16).padStart(2, "0");
    expect(await wire.on("decode", `${bare}fe000109a3${length}${value}`), value).toBe(code);
  }
});

onEveryModuleEngine("energy messages: each field's values", ENTRY, async (module) => {
  const wire = await WireModule.open(module);
  const policy: Pick<Message, "type" | "fields"> = {
    type: 42005,
    fields: {
      signature,
      chain_hash: hash(3),
      short_channel_id: "1x2x3",
      timestamp: 1_700_000_000,
      direction: 1,
      rent_msat_per_kwh: -1n,
      loss_ppm: 1_000_000,
      rating_mw: 1n,
    },
  };
  const frame = toHex(encodeMessage(policy));
  expect(await wire.reencode(frame)).toBe(frame);
  // direction, rent, loss and rating are the last 1 + 8 + 4 + 8 bytes.
  const head = frame.slice(0, -42);
  const cases: [string, number][] = [
    ["00" + "0000000000000000" + "00000000" + "0000000000000000", 42005],
    ["02" + "0000000000000000" + "00000000" + "0000000000000000", CODES.ERR_VALUE],
    ["00" + "8000000000000000" + "00000000" + "0000000000000000", CODES.ERR_VALUE],
    ["00" + "0000000000000000" + "000f4241" + "0000000000000000", CODES.ERR_VALUE],
    ["00" + "0000000000000000" + "000f4240" + "00000000000000", CODES.ERR_TRUNCATED],
  ];
  for (const [tail, code] of cases) expect(await wire.on("decode", head + tail), tail).toBe(code);
  const close = toHex(
    encodeMessage({
      type: 42003,
      fields: {
        channel_id: hash(1),
        interval_start: 1_700_000_100,
        interval_end: 1_700_001_000,
        sent_at_s: 1_700_001_002,
        agreed_mwh: 11_073_340n,
        metered_mwh: -11_033_100n,
        receipt: hex("4f434d467c"),
      },
    }),
  );
  expect(await wire.reencode(close)).toBe(close);
  const min = "8000000000000000";
  expect(await wire.on("decode", close.slice(0, 92) + min + close.slice(108))).toBe(CODES.ERR_VALUE);
  expect(await wire.on("decode", close.slice(0, 108) + min + close.slice(124))).toBe(CODES.ERR_VALUE);
  const roll = toHex(
    encodeMessage({
      type: 42007,
      fields: { channel_id: hash(1), interval_end: 1_700_001_000, flow_mwh: -1n, arrears_msat: 25_263n },
    }),
  );
  expect(await wire.reencode(roll)).toBe(roll);
  expect(await wire.on("decode", roll.slice(0, 76) + min + roll.slice(92))).toBe(CODES.ERR_VALUE);
  expect(await wire.on("decode", roll.slice(0, 92) + min)).toBe(CODES.ERR_VALUE);
  const lapse = toHex(encodeMessage({ type: 42001, fields: { channel_id: hash(1), id: 2n ** 64n - 1n } }));
  expect(await wire.reencode(lapse)).toBe(lapse);
});
