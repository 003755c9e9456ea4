import { Entropy } from "../board/entropy.js";
import { KeyStore } from "../board/key_store.js";
import { VirtualClock } from "../board/clock.js";
import type { Engine } from "../engine/engine.js";
import { lossMw, type Line } from "../grid/line.js";
import { householdMw, solarMw } from "../grid/profiles.js";
import type { ModuleFile } from "../metrology/module.js";
import { EmulatedMeter } from "./emulated_meter.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Monday, 22 June 2026: a summer workday, as the profiles have it. */
const START_UTC_MS = Date.UTC(2026, 5, 22);

/** A home on its line to the feeder head. */
interface Home {
  readonly name: string;
  readonly annualKwh: number;
  /** kWp, 0 without a solar roof. */
  readonly solarKw: number;
  readonly line: Line;
}

const HOMES: readonly Home[] = [
  { name: "home", annualKwh: 4000, solarKw: 0, line: { resistanceOhm: 0.12, volt: 230 } },
  { name: "solar-home", annualKwh: 5000, solarKw: 6, line: { resistanceOhm: 0.18, volt: 230 } },
];

export interface StreetOptions {
  readonly engine: Engine;
  readonly file: ModuleFile;
  /** Any text; it decides keys, load and clouds. */
  readonly seed: string;
  readonly days: number;
}

/** A meter of the street by the name of its place. */
export interface StreetMeter {
  readonly name: string;
  readonly meter: EmulatedMeter;
}

/**
 * A home with load, a home with rooftop solar and the feeder head, each behind a two-direction line meter. Power is
 * constant within a minute; the head carries the homes and the losses of their lines.
 */
export class Street {
  readonly meters: readonly StreetMeter[];
  readonly clock = new VirtualClock(START_UTC_MS);
  readonly endMs: number;
  private lostMwMs = 0n;
  private readonly homes: readonly { home: Home; meter: EmulatedMeter; noise: Entropy }[];
  private readonly head: EmulatedMeter;

  constructor(options: StreetOptions) {
    const entropy = new Entropy(options.seed);
    const meterOf = (name: string, serial: string): EmulatedMeter => {
      const keys = KeyStore.generate(entropy.stream(`key/${name}`));
      const config = { serial, vendor: "Tieline", model: "two-direction S0", meterConstant: 1000, intervalS: 900 };
      return new EmulatedMeter(options.engine, options.file, keys, config);
    };
    this.homes = HOMES.map((home, i) => ({
      home,
      meter: meterOf(home.name, `TL00000${i + 1}`),
      noise: entropy.stream(`load/${home.name}`),
    }));
    this.head = meterOf("feeder-head", "TL000000");
    this.meters = [
      ...this.homes.map(({ home, meter }) => ({ name: home.name, meter })),
      { name: "feeder-head", meter: this.head },
    ];
    this.endMs = options.days * DAY_MS;
    for (const { meter } of this.meters) meter.start(START_UTC_MS);
  }

  /** The date at which it begins. */
  get startText(): string {
    return new Date(START_UTC_MS).toISOString().slice(0, 10);
  }

  get finished(): boolean {
    return this.clock.monoMs >= this.endMs;
  }

  /** One minute of virtual time. */
  step(): void {
    const fromUtcMs = this.clock.utcMs;
    const toMs = this.clock.monoMs + MINUTE_MS;
    let headMw = 0;
    for (const { home, meter, noise } of this.homes) {
      // Households differ from their standard profile by the minute: 60..140 %; clouds take up to 15 % of clear sky.
      const load = Math.round((householdMw(fromUtcMs, home.annualKwh) * (60 + noise.below(81))) / 100);
      const solar = Math.round((solarMw(fromUtcMs, home.solarKw) * (85 + noise.below(16))) / 100);
      const powerMw = load - solar;
      const lost = lossMw(home.line, powerMw);
      meter.run(powerMw, toMs);
      headMw += powerMw + lost;
      this.lostMwMs += BigInt(lost) * BigInt(MINUTE_MS);
    }
    this.head.run(headMw, toMs);
    this.clock.advanceTo(toMs);
  }

  /** The street's energy, mWh: what its meters say beside what really was lost in the lines. */
  balance(): EnergyBalance {
    const net = (meter: EmulatedMeter): bigint => {
      const { importMwh, exportMwh } = meter.registers();
      return importMwh - exportMwh;
    };
    const homesMwh = this.homes.reduce((sum, { meter }) => sum + net(meter), 0n);
    const headMwh = net(this.head);
    // A register lags what flowed by less than one pulse.
    const resolutionMwh = this.meters.reduce(
      (sum, { meter }) => sum + 2n * BigInt(Math.ceil(1_000_000 / meter.config.meterConstant)),
      0n,
    );
    return { headMwh, homesMwh, lostMwh: this.lostMwMs / 3_600_000n, resolutionMwh };
  }
}

/** Net energies, mWh, import positive. */
export interface EnergyBalance {
  readonly headMwh: bigint;
  readonly homesMwh: bigint;
  /** I^2 R losses of the lines as the simulation knows them. */
  readonly lostMwh: bigint;
  /** Sum over all registers of one pulse: head - homes - lost stays within it. */
  readonly resolutionMwh: bigint;
}

/** Whether the meters account for all energy, to the pulse. */
export function balanceHolds(balance: EnergyBalance): boolean {
  const gap = balance.headMwh - balance.homesMwh - balance.lostMwh;
  return (gap < 0n ? -gap : gap) <= balance.resolutionMwh;
}
