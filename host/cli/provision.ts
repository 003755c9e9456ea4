import { Command, InvalidArgumentError } from "commander";
import { type BoardPlan, planSettings, readPlan } from "../installer/board_plan.js";
import type { BoardAddress } from "../installer/connect.js";
import { provision, type Provisioned } from "../installer/provision.js";
import { spkiFromPoint } from "../ocmf/key.js";
import { withBoard, withBoardAddress } from "./board_address.js";

interface Options extends BoardAddress {
  readonly file?: string;
  readonly mode?: string;
  readonly serial?: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly constant?: number;
  readonly interval?: number;
  readonly rating?: number;
  readonly inputs?: string;
  readonly network?: string;
  readonly height?: number;
  readonly energy?: boolean;
  readonly energyCredit?: number;
  readonly peer?: readonly string[];
  readonly seal?: boolean;
  readonly json?: boolean;
}

/** `tieline provision`: makes a meter of a board. */
export function provisionCommand(): Command {
  return withBoardAddress(
    new Command("provision").description(
      "set a board up: keys are made on it, settings written and read back, both modules tried out with them",
    ),
  )
    .option("--file <yaml>", "the settings in a file; options beside it replace what it says")
    .option("--serial <text>", "the meter's serial number")
    .option("--vendor <text>", "its vendor")
    .option("--model <text>", "its model")
    .option("--constant <imp/kWh>", "impulses per kWh of its pulse output", number)
    .option("--interval <s>", "delivery interval; 900 unless said otherwise", number)
    .option("--rating <W>", "the most that its plant can take or give", number)
    .option("--inputs <kind>", "s0, led or counter; s0 unless said otherwise")
    .option("--network <name>", "chain of the node's channels; regtest unless said otherwise")
    .option("--height <blocks>", "that chain's height now", number)
    .option("--energy", "offer option_energy (so it is unless the file says otherwise)")
    .option("--no-energy", "do not offer option_energy")
    .option("--energy-credit <msat>", "unsecured credit on lines that peers open", number)
    .option("--peer <id>", "whom to call on the next peer link, or accept; once for each link", collect)
    .option("--mode <mode>", "driven: by this link alone, or free: by itself; driven unless said otherwise")
    .option("--seal", "nothing can be changed afterwards while the cover is closed")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXIT_CODES)
    .action(run);
}

const EXIT_CODES = `
Exit codes: 0 the board is set up; 1 it is not, and is never sealed then.`;

function number(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new InvalidArgumentError("It is no whole number.");
  return Number(text);
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Only what was given, so that it does not hide what the file says. */
function planOf(options: Options): BoardPlan {
  const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const { serial, vendor, model, constant, inputs, network, height, energy, mode } = options;
  const meter = given({
    serial,
    vendor,
    model,
    constant,
    interval_s: options.interval,
    rating_w: options.rating,
    inputs,
  });
  const node = given({ network, height, energy, energy_credit_msat: options.energyCredit, peers: options.peer });
  return { ...given({ mode }), meter, node } as BoardPlan;
}

async function run(options: Options): Promise<void> {
  const planned = planSettings(readPlan(options.file, planOf(options)));
  const found = await withBoard(options, ({ client }) => provision(client, planned, options.seal ?? false));
  console.log(options.json === true ? JSON.stringify(document(found), null, 2) : lines(found));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const document = ({ board, keysMade, publicKey, nodeId, sealed }: Provisioned): object => ({
  board,
  public_key_spki: hex(spkiFromPoint(publicKey)).toUpperCase(),
  public_key_point: hex(publicKey),
  node_id: hex(nodeId),
  made: keysMade,
  sealed,
});

function lines({ board, keysMade, publicKey, nodeId, sealed }: Provisioned): string {
  const made = (fresh: boolean): string => (fresh ? "made on the board" : "was there already");
  return [
    `board:       ${board}, set up and ${sealed ? "sealed" : "not sealed"}`,
    `public key:  ${hex(spkiFromPoint(publicKey)).toUpperCase()} (${made(keysMade.metrology)})`,
    `node id:     ${hex(nodeId)} (${made(keysMade.node)})`,
  ].join("\n");
}
