/** The supply has failed: thrown out of the board's import functions, so that it unwinds the module like a power cut. */
export class PowerCut extends Error {
  override readonly name = "PowerCut";

  constructor(readonly during: string) {
    super(`power cut during ${during}`);
  }
}

/**
 * How far an interrupted erase came: 0 nothing has changed yet, 1 some bits of some bytes are set, 2 most are, 3 all
 * are, but some only just.
 */
export type EraseStage = 0 | 1 | 2 | 3;
export const ERASE_STAGES: readonly EraseStage[] = [0, 1, 2, 3];

/**
 * Where power fails, in operations that the flash accepts, counted from 0 from the moment the cut is set: after
 * `bytes` whole bytes of a program, the next byte torn (`bytes` = its length: all written, but nobody was told), or at
 * a stage of an erase.
 */
export type CutPoint =
  | { readonly kind: "program"; readonly index: number; readonly bytes: number }
  | { readonly kind: "erase"; readonly index: number; readonly stage: EraseStage };

/** One operation that flash accepted. */
export type FlashOperation =
  | { readonly kind: "program"; readonly offset: number; readonly length: number }
  | { readonly kind: "erase"; readonly sector: number };

/** Every point at which power can fail in a workload that made these operations, in order. */
export function cutPoints(operations: readonly FlashOperation[]): CutPoint[] {
  const points: CutPoint[] = [];
  const seen = { program: 0, erase: 0 };
  for (const operation of operations) {
    const index = seen[operation.kind]++;
    if (operation.kind === "program") {
      for (let bytes = 0; bytes <= operation.length; bytes++) points.push({ kind: "program", index, bytes });
    } else {
      for (const stage of ERASE_STAGES) points.push({ kind: "erase", index, stage });
    }
  }
  return points;
}
