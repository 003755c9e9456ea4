import type { EvidenceBundle, EvidenceNote, EvidenceReceipt } from "../evidence/bundle.js";
import { decodeNote, verifyNote } from "../metrology/note.js";
import type { ChannelInfo } from "../node/answers.js";
import type { NodeEvent, Settled } from "../node/node_event.js";
import { type Context, bytesOf, hexText } from "./context.js";
import type { EmulatedLineMeter } from "./line_meter.js";
import { ownReceipts } from "./line_receipts.js";

export type IntervalClosed = Extract<NodeEvent, { kind: "interval closed" }>;

/** Receipts of the other end that are kept: what is open, and the closes before it. */
const RECEIPTS = 8;
/** Notes that a bundle has. */
const NOTES = 64;

/** Looks after lines: writes to the log what becomes of them, and keeps what proves it. */
export class LineKeeper {
  private readonly closes = new Map<number, IntervalClosed>();

  constructor(
    private readonly context: Context,
    readonly meters: readonly EmulatedLineMeter[],
  ) {
    context.events.on((event) => {
      this.told(event);
    });
  }

  /** Length of the meters' intervals, s; undefined without a meter. */
  get intervalS(): number | undefined {
    return this.meters[0]?.intervalS;
  }

  /** Says which lines cannot be closed with the meters that there are. */
  resume(): void {
    for (const { channel } of this.context.node.channels()) this.check(channel);
  }

  /** The last close of a line since the daemon was started. */
  lastClose(channel: number): IntervalClosed | undefined {
    return this.closes.get(channel);
  }

  /** What proves a line's energy state; undefined if the channel is no line. */
  evidence({ channel, channelId }: ChannelInfo): EvidenceBundle | undefined {
    const { node, book } = this.context;
    const evidence = node.evidence(channel);
    const line = node.energy(channel);
    if (evidence === undefined || line === undefined) return undefined;
    const { holder, parameters } = evidence;
    const meter = this.meters[line.meter];
    const own = (meter === undefined ? [] : ownReceipts(meter, line)).map((record): EvidenceReceipt => ({
      end: holder,
      record,
    }));
    const theirs = book
      .receipts(hexText(channelId))
      .map(({ record }): EvidenceReceipt => ({ end: holder === 1 ? 2 : 1, record }));
    const keys = parameters.meterKeys.map(hexText);
    const notes = book.notes
      .filter(({ meter_key }) => keys.includes(meter_key))
      .slice(-NOTES)
      .map(({ meter_key, payment_hash, note }): EvidenceNote => ({
        meterKey: bytesOf(meter_key),
        paymentHash: bytesOf(payment_hash),
        ...decodeNote(bytesOf(note)),
      }));
    return { ...evidence, receipts: [...own, ...theirs], notes };
  }

  /** The meter's key that a note is of: of our meters, or those at the other ends of our lines. undefined: another's. */
  meterKeyOf({ note, paymentHash }: Pick<Settled, "note" | "paymentHash">): Uint8Array | undefined {
    if (note === undefined) return undefined;
    const { node } = this.context;
    const keys = node.channels().flatMap(({ channel }) => node.energy(channel)?.counterpartyMeterKey ?? []);
    const all = [...this.meters.map((meter) => meter.publicKey()), ...keys];
    return all.find((key) => verifyNote(decodeNote(note), paymentHash, key) === undefined);
  }

  private told(event: NodeEvent): void {
    const { log, book, node } = this.context;
    if (event.kind === "interval closed") {
      this.closes.set(event.channel, event);
      const { channel, until, meteredMwh, agreedMwh, arrearsMsat } = event;
      log.info(
        `line ${channel}: closed until ${until}, ${meteredMwh} mWh of ${agreedMwh}, arrears ${arrearsMsat} msat`,
      );
    } else if (event.kind === "dispute") {
      log.warn(`line ${event.channel}: in dispute, meters say ${event.ownMwh} and ${event.theirMwh} mWh`);
    } else if (event.kind === "disconnect wanted") {
      log.warn(`line ${event.channel}: arrears of ${event.arrearsMsat} msat have reached the credit limit`);
    } else if (event.kind === "lapsed") {
      log.info(`line ${event.channel}: a rider of ${event.energyMwh} mWh has lapsed`);
    } else if (event.kind === "line receipt") {
      const info = node.channel(event.channel);
      if (info !== undefined) book.addReceipt(hexText(info.channelId), event.until, event.receipt, RECEIPTS);
    } else if (event.kind === "channel" && event.state === "normal") this.check(event.channel);
    else if ((event.kind === "sent" || event.kind === "received") && event.note !== undefined) {
      this.keepNote(event.paymentHash, event.note);
      if (event.kind === "received" && event.other !== undefined) this.keepNote(event.paymentHash, event.other.note);
    }
  }

  private keepNote(paymentHash: Uint8Array, note: Uint8Array): void {
    const key = this.meterKeyOf({ paymentHash, note });
    if (key !== undefined) this.context.book.addNote(hexText(paymentHash), hexText(key), hexText(note));
  }

  private check(channel: number): void {
    const line = this.context.node.energy(channel);
    if (line === undefined) return;
    const meter = this.meters[line.meter];
    if (meter === undefined || hexText(meter.publicKey()) !== hexText(line.holderMeterKey)) {
      this.context.log.warn(`line ${channel}: its meter, number ${line.meter}, is not there: --meter-load`);
    } else if (meter.intervalS !== line.intervalS) {
      this.context.log.warn(
        `line ${channel}: has intervals of ${line.intervalS} s, its meter of ${meter.intervalS} s: --meter-interval`,
      );
    }
  }
}
