import type { Finding } from "./errors.js";
import type { OcmfRecord } from "./parse.js";

/** Where a transaction stands; "unknown" before the first record and after a gap. */
export type TransactionState = "unknown" | "idle" | "running";

const END = /^[ELRAP]$/;
const BETWEEN = /^[CTXS]$/;

/**
 * Follows TX through the records of the transaction context: B begins, one of E, L, R, A, P ends, C, T, X, S stand
 * between ("Signing and Verification Process": the first record is marked as the start, the last as the end).
 *
 * Records may hold several registers, each with its own B and E; which of them appear in a record is the vendor's
 * choice. So the register of a record's first reading carries the state from record to record, and the others are
 * followed within their record.
 */
export class TransactionOrder {
  state: TransactionState = "unknown";

  /** After a gap nothing is known of what was in it. */
  forget(): void {
    this.state = "unknown";
  }

  /** @param first whether the record is known to be its meter's first */
  append({ readings }: OcmfRecord, first: boolean): Finding[] {
    const states = new Map<string | undefined, TransactionState>();
    const leading = readings[0].register;
    states.set(leading, first ? "idle" : this.state);
    const findings = readings.flatMap(({ reason, register }, at): Finding[] => {
      if (reason === undefined) return [];
      const before = states.get(register) ?? "unknown";
      states.set(register, after(reason, before));
      const message = objection(reason, before);
      return message === undefined ? [] : [{ field: `RD[${at}].TX`, message }];
    });
    this.state = states.get(leading) ?? "unknown";
    return findings;
  }
}

function after(reason: string, before: TransactionState): TransactionState {
  if (END.test(reason)) return "idle";
  return reason === "B" || BETWEEN.test(reason) ? "running" : before;
}

function objection(reason: string, before: TransactionState): string | undefined {
  if (reason === "B") return before === "running" ? "begins a transaction before the last one has ended" : undefined;
  if (before !== "idle") return undefined;
  if (END.test(reason)) return `is ${reason}, the end of a transaction that has no beginning`;
  return BETWEEN.test(reason) ? `is ${reason}, amid a transaction that has no beginning` : undefined;
}
