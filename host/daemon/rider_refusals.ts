import { type ModuleError, errorName } from "../engine/errors.js";
import type { EnergyInfo } from "../node/energy_answers.js";
import { RPC_CODES, RpcError } from "./rpc.js";

// Why a line does not take a rider of its own node, as people are told. PROTOCOL.md, "What is refused".

/** @param mwh of the rider, either sign; undefined if the code alone says why */
export function riderRefusal(line: EnergyInfo, mwh: bigint, error: ModuleError): RpcError | undefined {
  const code = errorName(error.code);
  const [reason, data] = reasonOf(line, mwh < 0n ? -mwh : mwh, code) ?? [];
  if (reason === undefined) return undefined;
  return new RpcError(RPC_CODES.NODE, `line ${line.channel}: ${reason}`, { error: code, line: line.channel, ...data });
}

type Reason = readonly [text: string, data?: { readonly passing: true } | { readonly disputed: true }];

function reasonOf(line: EnergyInfo, mwh: bigint, code: string): Reason | undefined {
  const { arrearsMsat, capacityMwh } = line;
  const owed = arrearsMsat < 0n ? -arrearsMsat : arrearsMsat;
  if (code === "ERR_SUSPENDED" && line.disputed) {
    return [
      "is in dispute, the meters of its ends differ by more than it may lose: no energy until one end settles",
      { disputed: true },
    ];
  }
  // While it is neither in dispute nor suspended, arrears of the last close are being paid.
  if (code === "ERR_SUSPENDED" && owed > 0n) {
    const text = `has arrears of ${owed} msat, which are to be paid first`;
    return line.suspended ? [text] : [text, { passing: true }];
  }
  if (code === "ERR_SUSPENDED") return ["is suspended: the clocks of its ends differ, or one is not set"];
  if (code === "ERR_CAPACITY" && mwh > capacityMwh) {
    return [`carries ${capacityMwh} mWh in an interval, not ${mwh}`];
  }
  if (code === "ERR_CREDIT") return ["more would be promised than the promiser's credit and A on it cover"];
  if (code === "ERR_EXPIRED") return ["energy of that interval cannot be agreed on any more, or not yet"];
  return undefined;
}
