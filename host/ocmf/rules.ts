import type { Finding } from "./errors.js";
import { quote } from "./errors.js";
import type { OcmfRecord } from "./parse.js";

/** Fields of Table 4. IS and IT must be there; the rest may be left out. */
const ASSIGNMENT = ["IS", "IL", "IF", "IT", "ID", "TT"] as const;
const ASSIGNMENT_REQUIRED: ReadonlySet<string> = new Set(["IS", "IT"]);
/** Our meters always name these; a tariff is not always known. */
const ASSIGNMENT_OF_OURS: ReadonlySet<string> = new Set(["IS", "IL", "IF", "IT", "ID"]);

/** Table 7, TX. */
const REASONS = /^[BCXELRAPST]$/;

/** What OCMF asks of one record, beyond what it takes to read it. Signatures are verifyRecord's. */
export function checkRules(record: OcmfRecord): Finding[] {
  return [...checkState(record), ...checkAssignment(record), ...checkReasons(record)];
}

/**
 * A record can be genuine and say of itself that it must not be billed. EF "t" alone is let pass: it qualifies the
 * time, which stands in the record for all to see, not the energy.
 */
function checkState({ readings }: OcmfRecord): Finding[] {
  return readings.flatMap((reading, at) => {
    const findings: Finding[] = [];
    if (reading.status !== "G") {
      findings.push({ field: `RD[${at}].ST`, message: `the meter's state is ${reading.status}, not G (good)` });
    }
    if (reading.errorFlags.includes("E")) {
      findings.push({ field: `RD[${at}].EF`, message: "the meter marks the energy as unusable" });
    }
    return findings;
  });
}

/** "User Assignment": included exactly when there is a transaction reference, even while no user is assigned. */
function checkAssignment({ fields, pagination, tieline }: OcmfRecord): Finding[] {
  if (pagination.context === "F") {
    return ASSIGNMENT.filter((key) => fields.has(key)).map((field) => ({
      field,
      message: "belongs to a transaction, and the record to none",
    }));
  }
  const required = tieline ? ASSIGNMENT_OF_OURS : ASSIGNMENT_REQUIRED;
  return ASSIGNMENT.filter((key) => required.has(key) && !fields.has(key)).map((field) => ({
    field,
    message: "is missing from a transaction's record",
  }));
}

/** TX: every reading of a transaction has one of the letters, a fiscal reading has none. */
function checkReasons({ readings, pagination }: OcmfRecord): Finding[] {
  return readings.flatMap(({ reason }, at): Finding[] => {
    const field = `RD[${at}].TX`;
    if (pagination.context === "F") {
      return reason === undefined ? [] : [{ field, message: "belongs to a transaction, and the record to none" }];
    }
    if (reason === undefined) return [{ field, message: "is missing from a transaction's reading" }];
    return REASONS.test(reason) ? [] : [{ field, message: `is no reason for a reading: ${quote(reason)}` }];
  });
}
