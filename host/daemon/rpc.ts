/** A value of JSON that is sent: amounts are bigints here and strings on the wire, as `tieline decode` prints them. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Codes of errors: the first five are JSON-RPC 2.0's, section 5.1; the positive ones are ours. */
export const RPC_CODES = {
  PARSE: -32700,
  REQUEST: -32600,
  METHOD: -32601,
  PARAMETERS: -32602,
  INTERNAL: -32603,
  /** The firmware refused: data has its code. */
  NODE: 1,
  /** There is no connection to the peer, or none could be made. */
  PEER: 2,
  /** The chain or its wallet refused, or does not answer. */
  CHAIN: 3,
  /** No way to the payee. */
  ROUTE: 4,
  /** A payment failed: data says where and why. */
  PAYMENT: 5,
  /** It did not end in time; it may still go on. */
  TIMEOUT: 6,
  /** The daemon is stopping. */
  STOPPING: 7,
} as const;

/** An error that the caller is told. Any other is a defect and told as INTERNAL. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  /** @param data what a program may want to look at, such as the field and place of a wrong parameter */
  constructor(
    readonly code: number,
    message: string,
    readonly data?: Json,
  ) {
    super(message);
  }
}

export type RequestId = string | number | null;

/** One request. Without an id it is a notification, which gets no reply. */
export interface Request {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: readonly unknown[] | Readonly<Record<string, unknown>>;
}

/** Most requests of one batch. */
const MAX_BATCH = 100;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Parses one line. Throws RpcError PARSE, which names the character where that is known. */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    const message = (error as Error).message;
    const at = /position (\d+)/.exec(message)?.[1];
    // V8 gives no position where the text ends too early.
    const place = at === undefined ? `character ${line.length + 1}` : `character ${Number(at) + 1}`;
    throw new RpcError(RPC_CODES.PARSE, `not JSON: ${place}`, { field: "request", place });
  }
}

/** What a line holds: one request or a batch. Throws RpcError REQUEST for an empty or too large batch. */
export function requestsOf(value: unknown): { readonly batch: boolean; readonly entries: readonly unknown[] } {
  if (!Array.isArray(value)) return { batch: false, entries: [value] };
  if (value.length === 0) throw invalid("request", "an empty batch");
  if (value.length > MAX_BATCH) throw invalid("request", `a batch of ${value.length}, at most ${MAX_BATCH}`);
  return { batch: true, entries: value as unknown[] };
}

/** Checks the members of one request. Throws RpcError REQUEST naming the member. JSON-RPC 2.0, section 4. */
export function readRequest(value: unknown): Request {
  if (!isObject(value)) throw invalid("request", "is no object");
  if (value["jsonrpc"] !== "2.0") throw invalid("jsonrpc", 'is not "2.0"');
  const { id, method, params = {} } = value;
  if (id !== undefined && !isId(id)) throw invalid("id", "is no string, number or null");
  if (typeof method !== "string") throw invalid("method", "is no string");
  if (!Array.isArray(params) && !isObject(params)) throw invalid("params", "are neither an object nor an array");
  return { id, method, params };
}

/** The id of something that is no valid request, as far as it has one: a reply must go somewhere. */
export function idOf(value: unknown): RequestId {
  const id = isObject(value) ? value["id"] : null;
  return isId(id) ? id : null;
}

const isId = (value: unknown): value is RequestId =>
  value === null || typeof value === "string" || (typeof value === "number" && Number.isFinite(value));

const invalid = (field: string, reason: string): RpcError =>
  new RpcError(RPC_CODES.REQUEST, `invalid request: ${field} ${reason}`, { field, place: null });

/** A reply with a result, as an object to be written by `lineOf`. */
export const resultReply = (id: RequestId, result: Json): Json => ({ jsonrpc: "2.0", id, result });

/** A reply with an error. */
export const errorReply = (id: RequestId, { code, message, data }: RpcError): Json => ({
  jsonrpc: "2.0",
  id,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

/** One line of JSON with its newline. */
export const lineOf = (value: Json): string =>
  `${JSON.stringify(value, (_name, member: unknown) => (typeof member === "bigint" ? member.toString() : member))}\n`;
