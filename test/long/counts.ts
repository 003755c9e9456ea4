/** Whether the long variants of tests run: `TIELINE_LONG=1`. */
export const LONG = process.env["TIELINE_LONG"] === "1";

/** Inputs to the verifier, of every kind together. */
export const VERIFIER_INPUTS = LONG ? 1_000_000 : 100_000;
/** Records of the largest file that is checked as a whole. */
export const FILE_RECORDS = LONG ? 10_000 : 3000;
/** Distance between the bytes of a flash image that are damaged one at a time. */
export const DAMAGE_STRIDE = LONG ? 1 : 7;
