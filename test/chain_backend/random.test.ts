import fc from "fast-check";
import { expect, it } from "vitest";
import { type Outpoint, type Place, txidText } from "../../host/chain/chain.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { type Transaction, decodeTransaction } from "../../host/decode/transaction.js";
import { p2wpkh, publicKey, secretOf } from "../chain/model.js";
import { LONG } from "../long/counts.js";
import { idOf, spendKey } from "./spends.js";

// Random spending, mining and reorganisations. What watches have told must be what the blocks say when they are read
// again from the first one; nothing is lost, nothing made of nothing; a chain from a file goes on as the one that saved it.

const SECRET = secretOf(0, "random");
const SCRIPT = p2wpkh(publicKey(SECRET));
const SAT = 50_000n;
const FEE = 300n;

type Step =
  | { do: "fund" }
  | { do: "spend"; coin: number; sequence: number; feeSat: bigint }
  | { do: "mine"; blocks: number }
  | { do: "reorganise"; depth: number; kind: "mined" | "waiting" | "forgotten" }
  | { do: "reload" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.constant<Step>({ do: "fund" }), weight: 3 },
    {
      arbitrary: fc.record({
        do: fc.constant("spend" as const),
        coin: fc.nat(30),
        sequence: fc.constantFrom(0xffff_ffff, 0xffff_fffd, 1, 3),
        feeSat: fc.constantFrom(FEE, 2n * FEE, 5n * FEE),
      }),
      weight: 6,
    },
    { arbitrary: fc.record({ do: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 3 }) }), weight: 4 },
    {
      arbitrary: fc.record({
        do: fc.constant("reorganise" as const),
        depth: fc.integer({ min: 1, max: 4 }),
        kind: fc.constantFrom("mined" as const, "waiting" as const, "forgotten" as const),
      }),
      weight: 2,
    },
    { arbitrary: fc.constant<Step>({ do: "reload" }), weight: 1 },
  ),
  { minLength: 10, maxLength: 40 },
);

interface Told {
  outpoint: Outpoint;
  sat: bigint;
  depth: number;
  place: Place | undefined;
  spend: { tx: Uint8Array; place: Place } | undefined;
}

type Spend = NonNullable<Told["spend"]>;

/** Where each transaction stands and what spends each output, from all blocks. */
function readAll(chain: SimulatedChain): { places: Map<string, Place>; spends: Map<string, Spend> } {
  const [places, spends] = [new Map<string, Place>(), new Map<string, Spend>()];
  for (let height = 1; height <= chain.height(); height++) {
    for (const [index, tx] of (chain.block(height)?.transactions ?? []).entries()) {
      const { txid, inputs } = decoded(tx);
      const place = { height, index };
      expect(places.has(txid)).toBe(false);
      places.set(txid, place);
      for (const input of index === 0 ? [] : inputs) {
        const key = `${input.txid}:${input.output_index}`;
        expect(spends.has(key)).toBe(false);
        spends.set(key, { tx, place });
      }
    }
  }
  return { places, spends };
}

const known = new WeakMap<Uint8Array, Transaction>();

function decoded(tx: Uint8Array): Transaction {
  const found = known.get(tx) ?? decodeTransaction(tx);
  known.set(tx, found);
  return found;
}

class Run {
  private chain = new SimulatedChain({ seed: "random" });
  private readonly coins: Told[] = [];
  private readonly supply = this.chain.supplySat();
  private heights: number[] = [];

  constructor() {
    this.subscribe();
  }

  private subscribe(): void {
    this.chain.onBlock(({ height }) => this.heights.push(height));
  }

  private watch(told: Told, since?: number): void {
    const listener = {
      depth: (depth: number, place: Place | undefined) => void Object.assign(told, { depth, place }),
      spent: (spend: { tx: Uint8Array; place: Place } | undefined) =>
        void (told.spend = spend && { tx: spend.tx, place: spend.place }),
    };
    this.chain.watch(told.outpoint, SCRIPT, listener, since);
  }

  private add(tx: Uint8Array, sat: bigint): void {
    const told = { outpoint: { txid: idOf(tx), index: 0 }, sat, depth: 0, place: undefined, spend: undefined };
    this.coins.push(told);
    this.watch(told);
  }

  step(step: Step): void {
    const { chain } = this;
    if (step.do === "fund") {
      const { tx } = chain.fundNow(SCRIPT, SAT, 1000);
      expect(chain.submit(tx)).toBeUndefined();
      this.add(tx, SAT);
    } else if (step.do === "spend") {
      const coin = this.coins[step.coin % Math.max(1, this.coins.length)];
      if (coin === undefined || coin.sat - step.feeSat < 1000n) return;
      const sat = coin.sat - step.feeSat;
      const tx = spendKey(coin.outpoint, SECRET, coin.sat, [{ script: SCRIPT, sat }], { sequence: step.sequence });
      const waiting = chain.waiting().length;
      const refused = chain.submit(tx);
      if (refused === undefined) this.add(tx, sat);
      else expect(chain.waiting()).toHaveLength(waiting);
    } else if (step.do === "mine") {
      const before = chain.height();
      chain.mineNow(step.blocks);
      expect(this.heights.splice(0)).toEqual(Array.from({ length: step.blocks }, (_, i) => before + i + 1));
      expect(chain.waiting()).toEqual([]);
    } else if (step.do === "reorganise") {
      if (step.depth >= chain.height()) return;
      const from = chain.height() - step.depth;
      chain.reorganise(step.depth, step.kind);
      expect(this.heights.splice(0)).toEqual(Array.from({ length: step.depth + 1 }, (_, i) => from + i + 1));
    } else {
      const text = chain.save();
      this.chain = SimulatedChain.load(text);
      expect(this.chain.save()).toBe(text);
      this.subscribe();
      for (const told of this.coins) {
        Object.assign(told, { depth: 0, place: undefined, spend: undefined });
        this.watch(told, 0);
      }
    }
    this.check();
  }

  private check(): void {
    expect(this.chain.supplySat()).toBe(this.supply);
    const { places, spends } = readAll(this.chain);
    for (const { outpoint, depth, place, spend } of this.coins) {
      const id = txidText(outpoint.txid);
      const actual = places.get(id);
      expect({ place, depth }).toEqual({ place: actual, depth: actual ? this.chain.height() - actual.height + 1 : 0 });
      expect(spend).toEqual(spends.get(`${id}:${outpoint.index}`));
    }
  }

  get text(): string {
    return this.chain.save();
  }
}

it(
  "simulated chain: random spending, mining and reorganisations",
  () => {
    const property = fc.property(steps, (list) => {
      const [one, other] = [new Run(), new Run()];
      for (const step of list) one.step(step);
      for (const step of list.filter((step) => step.do !== "reload")) other.step(step);
      // Going on from a file changes nothing.
      expect(one.text).toBe(other.text);
    });
    fc.assert(property, { numRuns: LONG ? 2000 : 20, seed: 6 });
  },
  LONG ? 3_600_000 : 120_000,
);
