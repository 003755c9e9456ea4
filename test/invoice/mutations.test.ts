import { expect } from "vitest";
import { DecodeError } from "../../host/decode/errors.js";
import { type Invoice, decodeInvoice } from "../../host/decode/invoice.js";
import { type TestModule, onEveryModuleEngine } from "../driver/modules.js";
import { hex } from "../driver/vectors.js";
import { INVOICE_MUTATIONS } from "../long/counts.js";
import { expectSame, whole } from "./fields.js";
import { ALPHABET, ERR, InvoiceModule, invoiceVectors, parseRecord } from "./invoices.js";
import { dataGroups, invoiceText, signatureGroups } from "./reference.js";

const ENTRY = "test/invoice/invoice.entry.ts";
const vectors = invoiceVectors();
const KEY = hex(vectors.priv_key);
const MAX_CHARS = 1024;
const MAX_FIELDS = 32;

/** What is done to an invoice before its checksum is made right again. */
type Change = (hrp: string, groups: number[], random: (below: number) => number) => string;

const change: Change[] = [
  (hrp, groups, random) => {
    groups[random(groups.length)] = random(32);
    return hrp;
  },
  (hrp, groups, random) => {
    groups.splice(random(groups.length), 1 + random(3));
    return hrp;
  },
  (hrp, groups, random) => {
    groups.splice(random(groups.length), 0, ...Array.from({ length: 1 + random(4) }, () => random(32)));
    return hrp;
  },
  (hrp, groups, random) => {
    groups.length = random(groups.length + 1);
    return hrp;
  },
  (hrp, groups, random) => {
    // A second copy of some stretch: repeated and misplaced fields.
    const from = random(groups.length);
    groups.splice(random(groups.length), 0, ...groups.slice(from, from + random(120)));
    return hrp;
  },
  (hrp, _groups, random) => {
    const at = random(hrp.length + 1);
    return hrp.slice(0, at) + "0123456789munpxlb".charAt(random(17)) + hrp.slice(at + random(2));
  },
];

/** A small deterministic stream (xorshift32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const CODES = new Set<number>(Object.values(ERR));

/**
 * One input, and whether the firmware and the host agree about it: same verdict, same contents. Plain comparisons where
 * all is well: a hundred thousand expectations take longer than what is tested.
 * @returns the record as it is after it
 */
async function compare(room: InvoiceModule, text: string, before: Uint8Array): Promise<Uint8Array> {
  const code = await room.decode(text);
  const after = await room.recordBytes();
  let invoice: Invoice | undefined;
  try {
    invoice = decodeInvoice(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  if (code !== 0) {
    if (!CODES.has(code)) expect.fail(`code ${code}: ${text}`);
    if (Buffer.compare(after, before) !== 0) expect.fail(`refused, and the record changed: ${text}`);
    const limited = code === ERR.CAPACITY && (text.length > MAX_CHARS || text.length / 3 > MAX_FIELDS);
    if (invoice?.currency === "bc" && !limited) expect.fail(`code ${code}, and the host reads it: ${text}`);
    return before;
  }
  if (invoice === undefined) expect.fail(`accepted, and the host refuses it: ${text}`);
  expectSame(parseRecord(after), invoice);
  return after;
}

async function mutate(module: TestModule, seed: number, count: number): Promise<number> {
  const room = await InvoiceModule.open(module, vectors.priv_key);
  await room.prefix("bc");
  const random = randomOf(seed);
  const bases = vectors.valid
    .filter(({ decoded }) => decoded.currency === "bc")
    .map(({ invoice }) => {
      const text = invoice.toLowerCase();
      const separator = text.lastIndexOf("1");
      const groups = [...text.slice(separator + 1, -6)].map((char) => ALPHABET.indexOf(char));
      return { hrp: text.slice(0, separator), groups };
    });
  // None of BOLT 11's names its payee and is valid.
  const named = dataGroups(1n, [
    ...["p", "s", "h"].map((type) => whole(type, new Uint8Array(32))),
    whole("n", hex(vectors.node_id)),
  ]);
  bases.push({ hrp: "lnbc1m", groups: [...named, ...signatureGroups("lnbc1m", named, KEY)] });
  let before = await room.recordBytes();
  let accepted = 0;
  for (let run = 0; run < count; run++) {
    const base = bases[random(bases.length)] ?? { hrp: "lnbc", groups: [] };
    let groups = [...base.groups];
    let hrp = base.hrp;
    for (let i = random(3); i >= 0; i--) hrp = change[random(change.length)]?.(hrp, groups, random) ?? hrp;
    // Some are signed anew: what the named payee signs is accepted or refused for what it says.
    if (run % 25 === 0 && groups.length > 111) {
      groups = groups.slice(0, -104);
      groups.push(...signatureGroups(hrp, groups, KEY));
    }
    let text = invoiceText(hrp, groups);
    // Some keep the checksum of what they were.
    if (run % 5 === 0)
      text = text.slice(0, -random(7) - 1) + "q1bA\u0080".charAt(random(5)) + text.slice(text.length - random(7));
    const now = await compare(room, text, before);
    if (now !== before) accepted++;
    before = now;
  }
  return accepted;
}

onEveryModuleEngine(
  "invoice: mutated invoices do not trap, and the host's reading agrees",
  ENTRY,
  async (module) => {
    const count = INVOICE_MUTATIONS[module.engine];
    // Neither all nor none: both ways are tried.
    const accepted = await mutate(module, 11, count);
    expect(accepted).toBeGreaterThan(count / 50);
    expect(accepted).toBeLessThan(count);
  },
  30 * 60_000,
);

onEveryModuleEngine(
  "invoice: any one changed character is refused",
  ENTRY,
  async (module) => {
    const room = await InvoiceModule.open(module, vectors.priv_key);
    for (const { invoice, decoded } of vectors.valid.slice(0, module.engine === "qemu" ? 1 : 6)) {
      await room.prefix(decoded.currency);
      expect(await room.decode(invoice)).toBe(0);
      await room.put(Buffer.from(invoice));
      const step = module.engine === "qemu" ? 37 : 1;
      for (let at = 0; at < invoice.length; at += step) {
        expect(await module.call("refused_changes", invoice.length, at, at + 1), `character ${at}`).toBe(0);
      }
    }
  },
  120_000,
);
