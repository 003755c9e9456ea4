import { describe, expect, it } from "vitest";
import { VERIFIER_INPUTS } from "../long/counts.js";
import { HOSTILE_KINDS, shareOf } from "./hostile.js";
import { BOUND_MS, tryInputs } from "./hostile_run.js";

describe("the verifier takes any input without throwing or hanging, and accepts nothing that was not signed", () => {
  it.each(HOSTILE_KINDS)(
    "%s",
    (kind) => {
      expect(tryInputs(kind, HOSTILE_KINDS.indexOf(kind) + 1, shareOf(kind, VERIFIER_INPUTS))).toBeLessThan(BOUND_MS);
    },
    30 * 60_000,
  );
});
