// What an installer wants a board to be: from a file, from options, or both.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { stringify } from "yaml";
import { NETWORKS, type NetworkName } from "../daemon/networks.js";
import { NodeKeyError, readNodeId } from "./node_id.js";
import type { Settings } from "../link/settings.js";
import { COUNTER_INPUT, encodeConfig, type InputConfig, LED_INPUT, S0_INPUT } from "../metrology/config.js";
import { bootRecord } from "../node/requests.js";
import { projectRoot } from "../root.js";
import { ScenarioDocument } from "../scenario/document.js";
import { checkAgainst } from "../scenario/schema.js";

/** As board.schema.json describes it. Whatever is absent has a default, but for the meter's serial and constant. */
export interface BoardPlan {
  readonly mode?: "driven" | "free";
  readonly meter?: {
    readonly serial?: string;
    readonly vendor?: string;
    readonly model?: string;
    readonly constant?: number;
    readonly interval_s?: number;
    readonly rating_w?: number;
    readonly loss_bound_ms?: number;
    readonly loss_bound_wh?: number;
    readonly inputs?: "s0" | "led" | "counter";
  };
  readonly node?: {
    readonly network?: NetworkName;
    readonly height?: number;
    readonly energy?: boolean;
    readonly energy_credit_msat?: number;
    readonly close_delay_s?: number;
    readonly minimum_depth?: number;
    readonly peers?: readonly string[];
  };
}

const INPUTS: Readonly<Record<string, InputConfig>> = { s0: S0_INPUT, led: LED_INPUT, counter: COUNTER_INPUT };
const NODE_ID_BYTES = 33;
const DEFAULT_INTERVAL_S = 900;

let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  const schema = readFileSync(join(projectRoot(), "host/installer/board.schema.json"), "utf8");
  compiled ??= new Ajv2020({ allErrors: true, verbose: true, strictTypes: false }).compile(
    JSON.parse(schema) as object,
  );
  return compiled;
}

/** Throws ScenarioError, which names each wrong field and its place. */
function check(document: ScenarioDocument): BoardPlan {
  checkAgainst(document, validator());
  const plan = document.value as BoardPlan;
  plan.node?.peers?.forEach((peer, i) => {
    try {
      // What YAML takes for a number is told already.
      if (typeof peer === "string" && /^0[23][0-9a-f]{64}$/.test(peer)) readNodeId(peer);
    } catch (error) {
      if (!(error instanceof NodeKeyError)) throw error;
      document.report(["node", "peers", i], error.message);
    }
  });
  document.throwProblems();
  return plan;
}

/**
 * The plan that a file describes, with what options say in its place. A file may leave to the options what differs from
 * meter to meter. Throws ScenarioError, or an Error that names what is missing in both.
 */
export function readPlan(file: string | undefined, options: BoardPlan): BoardPlan {
  const given = check(new ScenarioDocument("options", stringify(options), "set of options"));
  const base = file === undefined ? {} : check(ScenarioDocument.read(file, "board"));
  const plan: BoardPlan = {
    ...base,
    ...given,
    meter: { ...base.meter, ...given.meter },
    node: { ...base.node, ...given.node },
  };
  for (const field of ["serial", "constant"] as const) {
    if (plan.meter?.[field] !== undefined) continue;
    throw new Error(
      `meter.${field}: is missing; give --${field}${file === undefined ? " or a file" : ` or put it into ${file}`}`,
    );
  }
  return plan;
}

/** What of a plan goes into a board. */
export interface PlannedSettings {
  readonly metrology: Uint8Array;
  readonly node: Uint8Array;
  readonly peers: Uint8Array;
  readonly mode: Uint8Array;
}

/** The plan as the board's settings: boards/runtime/settings.h. */
export function planSettings({ mode = "driven", meter = {}, node = {} }: BoardPlan): PlannedSettings {
  const input = INPUTS[meter.inputs ?? "s0"] ?? S0_INPUT;
  const { chainHash, prefix } = NETWORKS[node.network ?? "regtest"];
  const ids = (node.peers ?? []).map((peer) => (peer === "accept" ? new Uint8Array(NODE_ID_BYTES) : readNodeId(peer)));
  return {
    metrology: encodeConfig({
      serial: meter.serial ?? "",
      vendor: meter.vendor ?? "",
      model: meter.model ?? "",
      meterConstant: meter.constant ?? 0,
      intervalS: meter.interval_s ?? DEFAULT_INTERVAL_S,
      inputs: [input, input],
      ...(meter.loss_bound_ms === undefined ? {} : { lossBoundMs: meter.loss_bound_ms }),
      ...(meter.loss_bound_wh === undefined ? {} : { lossBoundWh: meter.loss_bound_wh }),
      ratingW: meter.rating_w ?? 0,
    }),
    node: bootRecord(
      {
        chainHash,
        prefix,
        energy: node.energy ?? true,
        energyCreditMsat: BigInt(node.energy_credit_msat ?? 0),
        ...(node.close_delay_s === undefined ? {} : { closeDelayS: node.close_delay_s }),
        ...(node.minimum_depth === undefined ? {} : { minimumDepth: node.minimum_depth }),
      },
      node.height ?? 0,
      0n,
      0n,
    ),
    peers: Uint8Array.from(Buffer.concat(ids)),
    mode: Uint8Array.of(mode === "free" ? 1 : 0),
  };
}

/** Names of the settings in which a board differs from what it was told. */
export function differences(told: Settings, found: Settings): string[] {
  const names = new Set([...Object.keys(told), ...Object.keys(found)]) as Set<keyof Settings>;
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
    Buffer.compare(a ?? new Uint8Array(), b ?? new Uint8Array()) === 0;
  // What is the firmware's own is not told.
  return [...names].filter((name) => name !== "updateCounter" && !same(told[name], found[name]));
}
