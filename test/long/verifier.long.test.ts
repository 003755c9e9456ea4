import { describe, expect, it } from "vitest";
import { HOSTILE_KINDS, shareOf } from "../ocmf/hostile.js";
import { BOUND_MS, tryInputs } from "../ocmf/hostile_run.js";
import { LONG, LONG_VERIFIER_INPUTS } from "./counts.js";

// Other seeds than in the normal run: an hour is not to be spent on what each run tries anyway.
const SEEDS_FROM = 1000;

describe.runIf(LONG)("the verifier takes a million inputs without throwing or hanging, and accepts no forgery", () => {
  it.each(HOSTILE_KINDS)(
    "%s",
    (kind) => {
      const seed = SEEDS_FROM + HOSTILE_KINDS.indexOf(kind);
      expect(tryInputs(kind, seed, shareOf(kind, LONG_VERIFIER_INPUTS))).toBeLessThan(BOUND_MS);
    },
    30 * 60_000,
  );
});
