import fc from "fast-check";
import { expect } from "vitest";
import { onEveryModuleEngine } from "../driver/modules.js";
import { toHex } from "../driver/vectors.js";
import { COMMITMENT_RUNS } from "../long/counts.js";
import { publicKey } from "./model.js";
import { ENTRY, ERR_NOT_FOUND, ERR_SIGNATURE, ERR_STATE, HOLDER, Room, TIMEOUT_MS, u64 } from "./records.js";
import { build, modelOf, preimageAt, scenarios } from "./scenario.js";

const PAYMENT = 2;
const EMPTY: Uint8Array = new Uint8Array(0);

const same = (actual: Uint8Array | number, expected: Uint8Array): void =>
  expect(typeof actual === "number" ? actual : toHex(actual)).toBe(toHex(expected));

const damaged = (signature: Uint8Array): Uint8Array => signature.map((byte, i) => (i === 40 ? byte ^ 4 : byte));

onEveryModuleEngine(
  "chain: commitments against a model on other libraries",
  ENTRY,
  async (module) => {
    const room = await Room.open(module);
    const property = fc.asyncProperty(scenarios(24), async (scenario) => {
      const model = modelOf(scenario);
      const positions = model.htlcPositions();
      const [opener, accepter] = [scenario.opener, scenario.opener ^ 1].map((side) =>
        publicKey(model.secret(side, PAYMENT)),
      );
      const points = [await room.place(opener ?? EMPTY), await room.place(accepter ?? EMPTY, 8192 + 64)];
      const factor = (await room.bytes(8, "obscuring_factor", ...points)) as Uint8Array;
      expect(Buffer.from(factor).readBigUInt64LE()).toBe(model.channel.obscuring);

      const built = await build(room, model);
      expect(built).toBe(model.code < 0 ? model.code : positions.length);
      if (built < 0) return;

      same(await room.unsignedTx(), model.tx.toBytes(true, false));
      expect(u64(await module.call("base_fee_sat"))).toBe(model.baseFeeSat);
      expect(u64(await module.call("actual_fee_sat"))).toBe(model.feeSat);
      expect(await room.call("opener_is_short")).toBe(model.openerIsShort ? 1 : 0);
      const paid = model.outputs.reduce((sum, { sat }) => sum + sat, 0n);
      expect(paid + model.feeSat).toBe(model.channel.fundingSat);
      for (const number of scenario.htlcs.keys()) {
        const position = await room.call("commitment_output", number);
        if (position === ERR_NOT_FOUND) expect(positions.some((at) => model.at(at).htlc === number)).toBe(false);
        else expect(model.at(position).script).toEqual(model.at(positions.find((at) => at === position) ?? -1).script);
      }

      const counterparty = 1;
      const signer = scenario.owner === HOLDER ? counterparty : HOLDER;
      const all = [model.signature(signer), ...positions.map((position) => model.htlcSignature(position, signer))];
      if (scenario.owner !== HOLDER) {
        const signed = await room.sign();
        expect(typeof signed === "number" ? signed : signed.map(toHex)).toEqual(all.map(toHex));
        expect(await room.check(all)).toBe(ERR_STATE);
        return;
      }
      expect(await room.sign()).toBe(ERR_STATE);
      expect(await room.check(all)).toBe(0);
      const spoilt = scenario.seed % all.length;
      expect(await room.check(all.map((one, i) => (i === spoilt ? damaged(one) : one)))).toBe(ERR_SIGNATURE);
      same(await room.fundingSigned(all[0] ?? EMPTY), model.signed());
      for (const [i, position] of positions.entries()) {
        const preimage = preimageAt(scenario, model, position);
        const given = model.isOffered(position) ? undefined : preimage;
        const tx = await room.htlcSigned(position, all[i + 1] ?? EMPTY, given);
        same(tx, model.signedHtlcTx(position, preimage));
      }
    });
    await fc.assert(property, { numRuns: COMMITMENT_RUNS[module.engine], seed: 3 });
  },
  TIMEOUT_MS,
);
