import {
  FLAG,
  MSAT,
  MSAT_OR_ANY,
  MSAT_OR_ZERO,
  PEER,
  POINT,
  ParameterError,
  type ParameterType,
  SAT,
  choice,
  hex,
  integer,
  text,
} from "./parameters.js";
import { ENERGY_VERBS } from "./energy_verbs.js";
import { LINE_PROPOSAL } from "./energy_parameters.js";
import { ROUTE } from "./route.js";
import { RPC_CODES, RpcError } from "./rpc.js";

export interface Parameter {
  readonly name: string;
  // Each reads another type; what a handler gets is typed by Arguments.
  readonly type: ParameterType<unknown>;
  readonly optional?: true;
  readonly about: string;
}

/** A verb of a control socket: what server, command line and help know of it. */
export interface Verb {
  readonly about: string;
  readonly parameters: readonly Parameter[];
}

export type Verbs = Readonly<Record<string, Verb>>;

type ValueOf<P extends Parameter> = P["type"] extends ParameterType<infer T> ? T : never;
type Required<V extends Verb> = Exclude<V["parameters"][number], { optional: true }>;
type Optional<V extends Verb> = Extract<V["parameters"][number], { optional: true }>;

/** The arguments of a verb as its handler gets them. */
export type Arguments<V extends Verb> = {
  readonly [P in Required<V> as P["name"]]: ValueOf<P>;
} & { readonly [P in Optional<V> as P["name"]]: ValueOf<P> | undefined };

const ID = { name: "id", type: POINT, about: "the peer's node id" } as const;
const LABEL = text("text", 64);
const CHANNEL = {
  name: "id",
  type: text("channel", 80),
  about: "peer's node id, channel_id, short_channel_id or number of the channel",
} as const;

/** What `tieline node` understands, in the order of its help. */
export const NODE_VERBS = {
  getinfo: { about: "show the node's id, addresses, height and numbers", parameters: [] },
  connect: {
    about: "connect to a peer",
    parameters: [
      { name: "id", type: PEER, about: "the peer's node id, with its address or without" },
      { name: "host", type: text("host", 255), optional: true, about: "its address, if not given with the id" },
      { name: "port", type: integer("port", 1, 65535), optional: true, about: "default 9735" },
    ],
  },
  disconnect: { about: "hang up on a peer; its channels stay", parameters: [ID] },
  listpeers: { about: "list the peers with which there is a connection or a channel", parameters: [] },
  fundchannel: {
    about: "open a channel to a connected peer, paid by the chain's wallet",
    parameters: [
      ID,
      { name: "amount", type: SAT, about: "its capacity" },
      { name: "feerate", type: integer("sat/kw", 253, 1_000_000), optional: true, about: "of the commitments" },
      { name: "push_msat", type: MSAT_OR_ZERO, optional: true, about: "given to the peer at once" },
      { name: "energy", type: LINE_PROPOSAL, optional: true, about: "JSON or YAML with what makes it a line" },
    ],
  },
  listpeerchannels: {
    about: "list channels",
    parameters: [{ ...ID, optional: true, about: "only those with this peer" }],
  },
  setchannel: {
    about: "set what forwarding over a channel costs",
    parameters: [
      { ...CHANNEL },
      { name: "feebase", type: MSAT_OR_ZERO, optional: true, about: "fee an HTLC" },
      { name: "feeppm", type: integer("ppm", 0, 1_000_000), optional: true, about: "fee in millionths of the amount" },
      { name: "htlcmin", type: MSAT_OR_ZERO, optional: true, about: "smallest HTLC" },
      { name: "cltvdelta", type: integer("blocks", 1, 2016), optional: true, about: "blocks between the HTLCs" },
    ],
  },
  close: {
    about: "close a channel",
    parameters: [
      CHANNEL,
      { name: "force", type: FLAG, optional: true, about: "publish our commitment instead of asking the peer" },
    ],
  },
  newaddr: { about: "make an address of the chain's wallet", parameters: [] },
  invoice: {
    about: "make an invoice",
    parameters: [
      { name: "amount_msat", type: MSAT_OR_ANY, about: "what it asks for" },
      { name: "label", type: LABEL, about: "your name for it, once" },
      { name: "description", type: text("text", 200), about: "what the payer reads" },
      { name: "expiry", type: integer("s", 1, 31_536_000), optional: true, about: "default 3600" },
      { name: "preimage", type: hex("hex32", 32), optional: true, about: "default random" },
    ],
  },
  listinvoices: {
    about: "list invoices",
    parameters: [{ name: "label", type: LABEL, optional: true, about: "only this one" }],
  },
  decodepay: {
    about: "show what an invoice says",
    parameters: [{ name: "bolt11", type: text("invoice", 4096), about: "the invoice" }],
  },
  pay: {
    about: "pay an invoice over a direct channel, its own route hints, or a route given",
    parameters: [
      { name: "bolt11", type: text("invoice", 4096), about: "the invoice" },
      { name: "amount_msat", type: MSAT, optional: true, about: "only if the invoice leaves it open" },
      { name: "route", type: ROUTE, optional: true, about: "JSON list of hops {id, channel, fee_base_msat, ...}" },
      { name: "maxfee", type: MSAT_OR_ZERO, optional: true, about: "refuse to pay more than this to forwarders" },
      { name: "retry_for", type: integer("s", 1, 3600), optional: true, about: "how long to wait, default 60" },
    ],
  },
  keysend: {
    about: "pay a node that gave no invoice",
    parameters: [
      { name: "destination", type: POINT, about: "its node id" },
      { name: "amount_msat", type: MSAT, about: "what it receives" },
      { name: "route", type: ROUTE, optional: true, about: "JSON list of hops, as of pay" },
      { name: "maxfee", type: MSAT_OR_ZERO, optional: true, about: "refuse to pay more than this to forwarders" },
      { name: "retry_for", type: integer("s", 1, 3600), optional: true, about: "how long to wait, default 60" },
    ],
  },
  listpays: {
    about: "list payments made",
    parameters: [
      {
        name: "status",
        type: choice("status", ["pending", "complete", "failed"]),
        optional: true,
        about: "only these",
      },
    ],
  },
  ...ENERGY_VERBS,
  stop: { about: "stop the node", parameters: [] },
  help: {
    about: "list the verbs, or explain one",
    parameters: [{ name: "command", type: text("verb", 40), optional: true, about: "a verb" }],
  },
} as const satisfies Verbs;

export type NodeVerb = keyof typeof NODE_VERBS;

/** "pay bolt11 [amount_msat] [route]". */
export const synopsis = (name: string, { parameters }: Verb): string =>
  [name, ...parameters.map(({ name: parameter, optional }) => (optional ? `[${parameter}]` : parameter))].join(" ");

/** Help of one verb, line by line. */
export function explanation(name: string, verb: Verb): string[] {
  const rows = verb.parameters.map(
    ({ name: parameter, type, about }) => [`${parameter} (${type.name})`, about] as const,
  );
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return [synopsis(name, verb), `  ${verb.about}`, ...rows.map(([left, about]) => `  ${left.padEnd(width)}  ${about}`)];
}

/**
 * The arguments of a verb from a request's parameters, by name or by position. null is as good as absent. Throws RpcError
 * PARAMETERS with field, place and reason.
 */
export function readArguments<V extends Verb>(
  verb: V,
  params: readonly unknown[] | Readonly<Record<string, unknown>>,
): Arguments<V> {
  const given = Array.isArray(params) ? byPosition(verb, params) : (params as Readonly<Record<string, unknown>>);
  const names = verb.parameters.map(({ name }) => name);
  const strange = Object.keys(given).find((name) => !names.includes(name));
  if (strange !== undefined) throw wrong(strange, null, "there is no such parameter");
  const read: Record<string, unknown> = {};
  for (const { name, type, optional } of verb.parameters) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null) {
      if (!optional) throw wrong(name, null, "is missing");
      continue;
    }
    try {
      read[name] = type.read(value);
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      throw wrong(name, error.place, error.reason);
    }
  }
  return read as Arguments<V>;
}

function byPosition({ parameters }: Verb, values: readonly unknown[]): Record<string, unknown> {
  if (values.length > parameters.length) {
    const place = `parameter ${parameters.length + 1}`;
    throw wrong("params", place, `${values.length} parameters, at most ${parameters.length}`);
  }
  return Object.fromEntries(parameters.slice(0, values.length).map(({ name }, index) => [name, values[index]]));
}

const wrong = (field: string, place: string | null, reason: string): RpcError =>
  new RpcError(RPC_CODES.PARAMETERS, `${field}${place === null ? "" : `, ${place}`}: ${reason}`, {
    field,
    place,
    reason,
  });
