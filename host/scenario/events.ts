import type { ScenarioDocument } from "./document.js";
import type { Action, ClockState, Scenario } from "./scenario.js";
import { offsetText, parseDuration, parseUtc, utcText } from "./units.js";

/** An event as the schema admits it. */
export type EventDocument = { readonly at: string; readonly meter: string } & (
  | { readonly kind: "power_cut"; readonly duration: string; readonly sync_after?: string }
  | { readonly kind: "clock_step"; readonly seconds: number }
  | { readonly kind: "clock_sync"; readonly state?: "synchronised" | "informative" | "unknown" }
  | { readonly kind: "cover"; readonly open: boolean }
  | { readonly kind: "magnet"; readonly on: boolean }
  | {
      readonly kind: "transaction";
      readonly action: "begin" | "tariff" | "end" | "end_local" | "end_remote" | "abort";
      readonly identification?: string;
      readonly tariff?: string;
    }
);

const CLOCK_STATES: Readonly<Record<string, ClockState>> = { synchronised: "S", informative: "I", unknown: "U" };
/** Letters of the OCMF field TX. */
const TX = { begin: "B", tariff: "T", end: "E", end_local: "L", end_remote: "R", abort: "A" } as const;

interface Cut {
  readonly fromMs: number;
  readonly toMs: number;
  readonly meters: readonly string[];
}

/** The frame that events have to fit in. */
interface Frame {
  readonly head: string;
  readonly meters: readonly string[];
  readonly startUtcMs: number;
  /** As the document says it. */
  readonly durationMs: number;
  /** As it is run; what comes later is left out. */
  readonly runMs: number;
}

/** Events as actions in order of time; reports those that do not fit. */
export function buildActions(
  document: ScenarioDocument,
  events: readonly EventDocument[],
  frame: Frame,
): Pick<Scenario, "actions" | "leftOut"> {
  const actions: Action[] = [];
  const cuts: Cut[] = [];
  const timed: { readonly event: EventDocument; readonly i: number; readonly atMs: number }[] = [];
  let leftOut = 0;
  events.forEach((event, i) => {
    const atMs = timeOf(document, event, i, frame);
    if (!frame.meters.includes(event.meter)) {
      document.report(["events", i, "meter"], `there is no meter ${JSON.stringify(event.meter)}`);
    } else if (atMs !== undefined) timed.push({ event, i, atMs });
  });
  timed.sort((a, b) => a.atMs - b.atMs || a.i - b.i);
  for (const { event, i, atMs } of timed) {
    const blocking = cuts.find((cut) => cut.meters.includes(event.meter) && atMs < cut.toMs);
    const darkens = event.kind === "power_cut" && event.meter === frame.head;
    const overlapped = blocking ?? (darkens ? cuts.find((cut) => atMs < cut.toMs) : undefined);
    if (overlapped !== undefined) {
      const span = `${offsetText(overlapped.fromMs)} to ${offsetText(overlapped.toMs)}`;
      document.report(["events", i], `falls into the power cut from ${span}`);
      continue;
    }
    let cut: Cut | undefined;
    if (event.kind === "power_cut") {
      cut = cutOf(document, event, i, atMs, frame);
      if (cut === undefined) continue;
      cuts.push(cut);
    }
    // A shortened run leaves out what would not have ended by then.
    if ((cut?.toMs ?? atMs) >= frame.runMs) leftOut++;
    else
      actions.push(
        ...actionsOf(event, { atMs, meter: event.meter, event: { index: i, kind: event.kind } }, cut, frame.runMs),
      );
  }
  // What ends at a time comes before what begins then: a meter has its power back first.
  const rank = ({ kind }: Action): number => (kind === "restore" ? 0 : kind === "resync" ? 1 : 2);
  actions.sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b) || a.event.index - b.event.index);
  return { actions, leftOut };
}

function timeOf(document: ScenarioDocument, event: EventDocument, i: number, frame: Frame): number | undefined {
  const utcMs = parseUtc(event.at);
  const atMs = utcMs === undefined ? parseDuration(event.at) : utcMs - frame.startUtcMs;
  if (atMs === undefined) {
    const wanted = "an offset from the start (06:30:00, 90min) or UTC such as 2026-06-22T06:30:00Z";
    document.report(["events", i, "at"], `${JSON.stringify(event.at)} is not a time: ${wanted}`);
  } else if (atMs < 0 || atMs >= frame.durationMs) {
    const [from, to] = [utcText(frame.startUtcMs), utcText(frame.startUtcMs + frame.durationMs)];
    document.report(["events", i, "at"], `${event.at} is outside the scenario, ${from} to ${to}`);
    return undefined;
  }
  return atMs;
}

function cutOf(
  document: ScenarioDocument,
  event: EventDocument & { readonly kind: "power_cut" },
  i: number,
  atMs: number,
  frame: Frame,
): Cut | undefined {
  const lengthMs = durationOf(document, ["events", i, "duration"], event.duration);
  if (event.sync_after !== undefined) durationOf(document, ["events", i, "sync_after"], event.sync_after);
  if (lengthMs === undefined) return undefined;
  if (lengthMs === 0) document.report(["events", i, "duration"], "a power cut lasts longer than 0 s");
  const toMs = atMs + lengthMs;
  if (toMs >= frame.durationMs) {
    document.report(["events", i, "duration"], `ends at ${offsetText(toMs)}; it has to end before the scenario does`);
  }
  // Without the head the whole street is dark.
  return { fromMs: atMs, toMs, meters: event.meter === frame.head ? frame.meters : [event.meter] };
}

/** A duration that the schema's pattern let through may still be finer than a millisecond. */
export function durationOf(
  document: ScenarioDocument,
  path: readonly (string | number)[],
  text: string,
): number | undefined {
  const ms = parseDuration(text);
  if (ms === undefined) document.report(path, `${JSON.stringify(text)} is finer than a millisecond`);
  return ms;
}

function actionsOf(
  event: EventDocument,
  common: Pick<Action, "atMs" | "meter" | "event">,
  cut: Cut | undefined,
  runMs: number,
): Action[] {
  switch (event.kind) {
    case "power_cut": {
      if (cut === undefined) return [];
      const syncMs = cut.toMs + (parseDuration(event.sync_after ?? "0s") ?? 0);
      return cut.meters.flatMap((meter): Action[] => [
        { ...common, meter, kind: "cut" },
        { ...common, meter, kind: "restore", atMs: cut.toMs },
        ...(syncMs < runMs ? [{ ...common, meter, kind: "resync", atMs: syncMs } as const] : []),
      ]);
    }
    case "clock_step":
      return [{ ...common, kind: "clock_step", stepMs: Math.round(event.seconds * 1000) }];
    case "clock_sync":
      return [{ ...common, kind: "clock_sync", state: CLOCK_STATES[event.state ?? "synchronised"] ?? "S" }];
    case "cover":
    case "magnet":
      return [{ ...common, kind: "tamper", what: event.kind, active: event.kind === "cover" ? event.open : event.on }];
    case "transaction": {
      const { action, identification = "", tariff = "" } = event;
      return [{ ...common, kind: "transaction", tx: TX[action], identification, tariff }];
    }
  }
}
