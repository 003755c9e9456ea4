import type { ScenarioMeter } from "./meter_control.js";

/** Net energies, mWh, import positive. */
export interface EnergyBalance {
  readonly headMwh: bigint;
  readonly homesMwh: bigint;
  /** I^2 R losses of the lines as the simulation knows them. */
  readonly lostMwh: bigint;
  /** Sum over all registers of one pulse: without power cuts, head - homes - lost stays within it. */
  readonly resolutionMwh: bigint;
  /** What the power cuts may have taken from the registers on top of that. */
  readonly cutsMwh: bigint;
}

/** A register lags what flowed by less than one pulse; there are two in each meter. mWh. */
export function resolutionMwh({ config }: ScenarioMeter): bigint {
  return 2n * BigInt(Math.ceil(1_000_000 / config.meterConstant));
}

/** The firmware stores its registers before this much is at stake (loss bound of PROTOCOL.md). */
const LOSS_BOUND_MWH = 10_000n;
/** Edges wait this long at most before the firmware sees them. */
const UNSEEN_MS = 1000n;
const MW_MS_PER_MWH = 3_600_000n;

/**
 * What one power cut can take from a meter's registers: what was not stored yet, what the firmware had not seen yet,
 * and the energy of a pulse under way in each direction.
 * @param powerMw power before the cut
 */
export function cutLossMwh(powerMw: number, meter: ScenarioMeter): bigint {
  const unseen = (BigInt(Math.abs(powerMw)) * UNSEEN_MS) / MW_MS_PER_MWH + 1n;
  return LOSS_BOUND_MWH + unseen + resolutionMwh(meter);
}

/** How far head - homes - lost may be from 0, mWh. */
export function toleranceMwh(balance: EnergyBalance): bigint {
  return balance.resolutionMwh + balance.cutsMwh;
}

/** Whether the meters account for all energy, to the pulse, and to what power cuts may take. */
export function balanceHolds(balance: EnergyBalance): boolean {
  const gap = balance.headMwh - balance.homesMwh - balance.lostMwh;
  return (gap < 0n ? -gap : gap) <= toleranceMwh(balance);
}
