// Numbers of the service link: boards/LINK.md and boards/runtime/request.h.

export const LINK_VERSION = 2;

export const Op = {
  hello: 1,
  call: 2,
  callNamed: 3,
  map: 4,
  restart: 5,
  load: 6,
  flashRead: 7,
  powerOff: 8,
  memoryRead: 9,
  memoryWrite: 10,
  start: 11,
  codeCache: 12,
  settingsRead: 13,
  settingsWrite: 14,
  keysMake: 15,
  imageBegin: 16,
  imageData: 17,
  imageEnd: 18,
  images: 19,
  step: 20,
  logs: 21,
  state: 22,
  metrologyBegin: 23,
  metrologyData: 24,
  metrologyEnd: 25,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

export const Status = {
  ok: 0,
  badFrame: 1,
  badOp: 2,
  badRequest: 3,
  trap: 4,
  stopped: 5,
  board: 6,
  ready: 16,
  fault: 17,
  send: 18,
  hangUp: 19,
  tell: 20,
  broadcast: 21,
  watch: 22,
  record: 23,
  log: 24,
} as const;

/** Where a module runs, by the number that requests give it. */
export const Place = { metrology: 0, node: 1 } as const;
export type PlaceName = keyof typeof Place;

/** Sequence number of frames that answer no request. */
export const EVENT_SEQUENCE = 0;

const LAST_SEQUENCE = 0xffff;

/** The sequence number after `sequence`: 1..65,535 and round again. */
export const nextSequence = (sequence: number): number =>
  sequence === LAST_SEQUENCE ? EVENT_SEQUENCE + 1 : sequence + 1;

export interface Response {
  readonly sequence: number;
  readonly status: number;
  readonly payload: Uint8Array;
}

const RESPONSE_HEADER_BYTES = 3;

export function encodeRequest(sequence: number, op: number, payload: Uint8Array): Uint8Array {
  return Uint8Array.of(sequence & 0xff, sequence >> 8, op, ...payload);
}

/** `undefined` for a frame that is no response. */
export function decodeResponse(content: Uint8Array): Response | undefined {
  const [low, high, status] = content;
  if (low === undefined || high === undefined || status === undefined) return undefined;
  return { sequence: low | (high << 8), status, payload: content.subarray(RESPONSE_HEADER_BYTES) };
}

/** A board refused a request. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  constructor(
    readonly status: number,
    message: string,
    /** What a module had put out before. */
    readonly outputs: readonly Response[] = [],
  ) {
    super(message);
  }
}
