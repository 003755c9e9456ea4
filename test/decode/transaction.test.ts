import { Transaction as ScureTransaction } from "@scure/btc-signer";
import { describe, expect, it } from "vitest";
import { decode } from "../../host/decode/decode.js";
import type { Document } from "../../host/decode/document.js";
import { DecodeError } from "../../host/decode/errors.js";
import { decodeTransaction } from "../../host/decode/transaction.js";
import { hex, readVectors, toHex } from "../driver/vectors.js";
import { anchors, htlcTransactions, staticRemotekey } from "./vectors.js";

const { channel, vectors } = staticRemotekey();
const withAnchors = anchors().vectors;
const all = [...vectors, ...withAnchors].flatMap((vector) => [vector.commit_tx, ...htlcTransactions(vector)]);
const funding = readVectors<{ funding_tx: string; txid: string; funding_witness_script: string }>("bolt03_funding");

const outputsOf = (document: Document): Document[] => document["outputs"] as unknown as Document[];
const firstInput = (document: Document): Document => (document["inputs"] as unknown as Document[])[0] ?? {};

describe("transactions as tieline decode reads them", () => {
  it("agree with @scure/btc-signer on every transaction of BOLT 3's vectors", () => {
    expect(all.length).toBeGreaterThanOrEqual(25 + 33 + 15);
    for (const text of [...all, funding.funding_tx]) {
      const ours = decodeTransaction(hex(text));
      const theirs = ScureTransaction.fromRaw(hex(text), {
        allowUnknownOutputs: true,
        allowUnknownInputs: true,
        disableScriptCheck: true,
      });
      expect({ ...ours, inputs: ours.inputs.length, outputs: ours.outputs.length, wtxid: undefined }).toEqual({
        txid: theirs.id,
        version: theirs.version,
        segwit: theirs.hasWitnesses,
        size: text.length / 2,
        weight: theirs.weight,
        locktime: theirs.lockTime,
        inputs: theirs.inputsLength,
        outputs: theirs.outputsLength,
      });
      ours.inputs.forEach((input, index) => {
        const { txid, index: output_index, sequence, finalScriptWitness } = theirs.getInput(index);
        expect(input).toMatchObject({ txid: txid && toHex(txid), output_index, sequence });
        expect(input.witness.map(toHex)).toEqual((finalScriptWitness ?? []).map(toHex));
      });
      expect(ours.outputs.map(({ amount_sat, script }) => [amount_sat, toHex(script)])).toEqual(
        ours.outputs.map((_, index) => {
          const { amount, script } = theirs.getOutput(index);
          return [amount, script && toHex(script)];
        }),
      );
    }
  });

  it("has BOLT 3's id of the funding transaction, and the form of its script", () => {
    const document = decode(funding.funding_tx);
    expect(document).toMatchObject({ kind: "transaction", txid: funding.txid, version: 2 });
    const given = decode(funding.funding_tx, { witnessScripts: [hex(funding.funding_witness_script)] });
    expect(outputsOf(given)[0]).toMatchObject({
      amount_sat: 10_000_000n,
      form: "p2wsh",
      witness_script: { form: "funding" },
    });
    expect(decode(funding.funding_witness_script)).toMatchObject({
      kind: "script",
      form: "funding",
      p2wsh_script: outputsOf(document)[0]?.["script"],
    });
  });

  it("finds the commitment number in every commitment transaction", () => {
    const { local_payment_basepoint, remote_payment_basepoint } = channel.keys;
    const basepoints = [hex(local_payment_basepoint), hex(remote_payment_basepoint)] as const;
    for (const { commit_tx, id } of [...vectors, ...withAnchors]) {
      const document = decode(commit_tx, { basepoints });
      expect(document, id).toMatchObject({
        role: "commitment transaction",
        commitment_number: BigInt(channel.commitment_number),
        obscured_commitment_number: BigInt(channel.commitment_number) ^ 0x2bb038521914n,
      });
      expect(firstInput(document), id).toMatchObject({
        spends: `${channel.funding_tx_id}:0`,
        witness_script: { form: "funding" },
      });
    }
  });

  it("recognises each output of a commitment by its witness script", () => {
    const FORMS: Readonly<Record<string, string>> = {
      to_local: "to_local",
      offered: "offered HTLC",
      received: "received HTLC",
    };
    let recognised = 0;
    for (const { commit_tx, outputs = [], id } of vectors) {
      const scripts = outputs.flatMap(({ wscript }) => (wscript === undefined ? [] : [hex(wscript)]));
      const found = outputsOf(decode(commit_tx, { witnessScripts: scripts }));
      for (const { kind, dir, amount, wscript } of outputs) {
        const form = FORMS[dir ?? kind];
        if (wscript === undefined || form === undefined) continue;
        const matching = found.filter(
          ({ amount_sat, witness_script }) =>
            amount_sat === BigInt(amount) && (witness_script as Document | undefined)?.["form"] === form,
        );
        expect(matching.length, `${id}: ${kind} ${amount}`).toBeGreaterThan(0);
        recognised++;
      }
    }
    expect(recognised).toBeGreaterThan(40);
    const toLocal = vectors[0]?.outputs?.find(({ kind }) => kind === "to_local")?.wscript ?? "";
    expect(decode(toLocal)).toMatchObject({
      form: "to_local",
      to_self_delay: 144,
      revocationpubkey: "0212a140cd0c6539d07cd08dfe09984dec3251ea808b892efeac3ede9402bf2b19",
      local_delayedpubkey: "03fd5960528dc152014952efdb702a88f71e3c1653b2314431701ec77e57fde83c",
    });
    // A delay below zero, and one more operation.
    expect(decode(toLocal.replace("029000", "029080"), { kind: "script" })["form"]).toBe("other");
    expect(decode(`${toLocal}61`, { kind: "script" })["form"]).toBe("other");
  });

  it("finds the anchors by the funding keys", () => {
    for (const { commit_tx, id } of withAnchors) {
      const found = outputsOf(decode(commit_tx)).filter(
        ({ witness_script }) => (witness_script as Document | undefined)?.["form"] === "anchor",
      );
      expect(
        found.map(({ amount_sat }) => amount_sat).every((amount) => amount === 330n),
        id,
      ).toBe(true);
      expect(found.length, id).toBeGreaterThan(0);
    }
  });

  it("tells the second stages apart, with and without anchors", () => {
    const count = { timeout: 0, success: 0 };
    for (const [list, suffix] of [
      [vectors, ""],
      [withAnchors, " with anchors"],
    ] as const) {
      for (const text of list.flatMap(htlcTransactions)) {
        const document = decode(text);
        const timeout = (document["locktime"] as number) > 0;
        count[timeout ? "timeout" : "success"]++;
        expect(document["role"]).toBe(timeout ? "HTLC-timeout transaction" : "HTLC-success transaction");
        const script = firstInput(document)["witness_script"] as Document;
        expect(script["form"]).toBe(`${timeout ? "offered" : "received"} HTLC${suffix}`);
        if (timeout) expect(script["cltv_expiry"]).toBeUndefined();
        else expect(script["cltv_expiry"]).toBeGreaterThanOrEqual(500);
      }
    }
    expect(count.timeout + count.success).toBe(33 + 15);
    expect(Math.min(count.timeout, count.success)).toBeGreaterThan(5);
  });

  it("finds the hash of the energy state in a commitment, and nowhere else", () => {
    const energy = `0000000000000000226a20${"ab".repeat(32)}`;
    const commitment = vectors[0]?.commit_tx ?? "";
    // version, flag, one input; then the number of outputs.
    const at = 2 * (4 + 2 + 1 + 41);
    const count = Number.parseInt(commitment.slice(at, at + 2), 16);
    const changed = `${commitment.slice(0, at)}${(count + 1).toString(16).padStart(2, "0")}${energy}${commitment.slice(at + 2)}`;
    expect(outputsOf(decode(changed))[0]).toMatchObject({
      form: "energy commitment",
      energy_hash: "ab".repeat(32),
      amount_sat: 0n,
    });
    expect(decode(changed)["weight"]).toBe((decode(commitment)["weight"] as number) + 172);
    const other = `${changed.slice(0, -8)}00000000`;
    expect(outputsOf(decode(other))[0]).toMatchObject({ form: "OP_RETURN" });
    expect(decode(other)["role"]).toBe("closing transaction");
  });

  it("names field and byte of what is wrong", () => {
    const text = vectors[0]?.commit_tx ?? "";
    const messageOf = (changed: string): string => {
      try {
        decode(changed, { kind: "transaction" });
      } catch (error) {
        if (error instanceof DecodeError) return error.message;
      }
      return "no error";
    };
    expect(messageOf(text.slice(0, -2))).toBe(`locktime at byte ${text.length / 2 - 4}: needs 4 bytes, 3 are left`);
    expect(messageOf(`${text}00`)).toBe(`end of the transaction at byte ${text.length / 2}: 1 bytes are left over`);
    expect(messageOf("020000")).toBe("version at byte 0: needs 4 bytes, 3 are left");
    expect(messageOf("0200000000")).toBe("input count at byte 4: 0: a transaction has inputs");
    expect(messageOf(`02000000${"fd0100"}`)).toBe("input count at byte 4: is not in its shortest form");
    expect(messageOf(`02000000feffffffff`)).toMatch(/^input count at byte 4: 4294967295, which does not fit/);
    expect(messageOf(`${text.slice(0, 96)}${"ff".repeat(8)}`.padEnd(400, "0"))).toMatch(/^output/);
  });
});
