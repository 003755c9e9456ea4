import { S0_INPUT } from "../../host/metrology/config.js";
import { describe, expect, it } from "vitest";
import { readScenario } from "../../host/scenario/check.js";
import { SMALL, changed, check, problemsOf, withEvents } from "./documents.js";

const of = (text: string): string[] => problemsOf(() => check(text));

it("takes a scenario that holds, with the documented defaults", () => {
  const { name, seed, stepMs, durationMs, meters, actions, leftOut } = check(SMALL);
  expect({ name, seed, stepMs, durationMs, actions, leftOut }).toEqual({
    name: "small",
    seed: "1",
    stepMs: 60_000,
    durationMs: 7_200_000,
    actions: [],
    leftOut: 0,
  });
  expect(meters.map(({ config }) => config)[0]).toEqual({
    serial: "A1",
    vendor: "Tieline",
    model: "two-direction S0",
    meterConstant: 1000,
    intervalS: 900,
    inputs: [S0_INPUT, S0_INPUT],
    ratingW: 0,
  });
  const rated = check(SMALL.replace("serial: A1", "serial: A1\n    rating_w: 4600"));
  expect(rated.meters.map(({ config }) => config.ratingW)).toEqual([4600, 0, 0]);
});

describe("says what is wrong, and where", () => {
  it.each([
    [
      "no YAML",
      "a: [1",
      "small.yaml:1:6: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["nothing", "", "small.yaml:1:1: the scenario is empty"],
    [
      "a list",
      "[]",
      "small.yaml:1:1: a list of 0 is not a scenario: a mapping with name, start, duration, feeder and meters",
    ],
    ["a key twice", changed("duration: 2h", "duration: 2h\nduration: 3h"), "small.yaml:4:1: Map keys must be unique"],
    [
      "an unknown key",
      changed("serial: A1", "serial: A1\n    annual_mwh: 4"),
      "small.yaml:12:5: meters[0].annual_mwh: unknown key; known here: name, serial, vendor, model, " +
        "meter_constant_imp_per_kwh, interval_s, rating_w, inputs, load, generation, noise_percent, clouds_percent",
    ],
    ["a missing key", changed("    serial: B1\n", ""), "small.yaml:13:5: meters[1].serial: is missing"],
    [
      "a value with a unit of its own",
      changed("constant_w: 1000", "constant_w: 1 kW"),
      'small.yaml:12:25: meters[0].load.constant_w: "1 kW" is not a power in W, a number from 0 to 1000000',
    ],
    [
      "a duration without a unit",
      changed("duration: 2h", "duration: 7200"),
      "small.yaml:3:11: duration: 7200 is not a duration: a number with its unit (30s, 15min, 6h, 1d) or HH:MM:SS",
    ],
    [
      "a duration in a wrong unit",
      changed("duration: 2h", "duration: 2 hours"),
      'small.yaml:3:11: duration: "2 hours" is not a duration: a number with its unit (30s, 15min, 6h, 1d) or HH:MM:SS',
    ],
    [
      "a duration too long",
      changed("duration: 2h", "duration: 367d"),
      "small.yaml:3:11: duration: 367d is not from 1 s to 8784 h",
    ],
    [
      "a time that is not UTC",
      changed("00:00:00Z", "00:00:00+02:00"),
      'small.yaml:2:8: start: "2026-06-22T00:00:00+02:00" is not a time in UTC such as 2026-06-22T00:00:00Z',
    ],
    [
      "a day that there is not",
      changed("2026-06-22T", "2026-02-30T"),
      "small.yaml:2:8: start: 2026-02-30T00:00:00Z: there is no such time",
    ],
    [
      "a serial number that YAML takes for a number",
      changed("serial: A1", "serial: 001"),
      'small.yaml:11:13: meters[0].serial: 1 is not a serial number: 1 to 24 printable ASCII characters without " \\ | ' +
        "(quote it if it looks like a number)",
    ],
    [
      "an interval that divides no hour",
      changed("serial: A1", "serial: A1\n    interval_s: 700"),
      "small.yaml:12:17: meters[0].interval_s: 700 is not an interval in s, a divisor of 3600 from 5",
    ],
    [
      "an unknown filter",
      changed("serial: A1", "serial: A1\n    inputs: { import: { filter: pulses, min_on_ms: 20 } }"),
      'small.yaml:12:33: meters[0].inputs.import.filter: "pulses" is not a filter: edge, pulse or counter',
    ],
    [
      "two kinds of load",
      changed("constant_w: 1000", "constant_w: 1000, csv: a.csv, column: W"),
      "small.yaml:12:11: meters[0].load: needs exactly one of profile, csv, constant_w",
    ],
    [
      "half a profile",
      changed(", peak_kw: 5", ""),
      "small.yaml:15:17: meters[1].generation.peak_kw: is missing, which profile needs",
    ],
    [
      "a profile that there is not",
      changed("clear-sky-lat48-midsummer", "clear-sky-mars"),
      'small.yaml:15:28: meters[1].generation.profile: there is no profile "clear-sky-mars"; for generation there are ' +
        "clear-sky-lat48-midsummer, clear-sky-lat48-equinox, clear-sky-lat37-equinox",
    ],
    [
      "a profile of the other kind",
      changed("clear-sky-lat48-midsummer", "h0-winter-workday"),
      'small.yaml:15:28: meters[1].generation.profile: "h0-winter-workday" is a profile of load; for generation there ' +
        "are clear-sky-lat48-midsummer, clear-sky-lat48-equinox, clear-sky-lat37-equinox",
    ],
    [
      "two meters of one name",
      changed("name: b", "name: A"),
      'small.yaml:13:11: meters[1].name: "A" is the name of meters[0] already',
    ],
    [
      "two meters of one serial",
      changed("B1", "A1"),
      'small.yaml:14:13: meters[1].serial: "A1" is the serial of meters[0] already',
    ],
    [
      "a head that there is not",
      changed("head: head", "head: top"),
      'small.yaml:5:9: feeder.head: there is no meter "top"',
    ],
    [
      "a line to nothing",
      changed("to: b", "to: c"),
      'small.yaml:8:22: feeder.lines[1].to: ends at "c", where there is neither a meter nor another line',
    ],
    [
      "a line from nothing",
      changed("from: a", "from: c"),
      'small.yaml:8:15: feeder.lines[1].from: no line leads to "c"',
    ],
    [
      "two lines to one meter",
      changed("to: b", "to: a"),
      'small.yaml:8:22: feeder.lines[1].to: "a" hangs on feeder.lines[0] already; a feeder is a tree',
    ],
    [
      "a line to the head",
      changed("to: b", "to: head"),
      "small.yaml:8:22: feeder.lines[1].to: a line leads away from the head, not to it",
    ],
    [
      "a ring",
      changed("{ to: a,", "{ from: b, to: a,"),
      'small.yaml:7:7: feeder.lines[0]: does not hang on the head: the lines to "a" form a ring',
    ],
    [
      "a load of the head",
      changed("serial: H1", "serial: H1\n    load: { constant_w: 5 }"),
      "small.yaml:18:5: meters[2].load: the head measures the feeder and has nothing of its own",
    ],
    [
      "more power than pulses can tell",
      changed("constant_w: 1000", "constant_w: 59000"),
      "small.yaml:16:5: meters[2]: may have to measure 65.6 kW; 1000 imp/kWh in pulses of 60 ms reach to 60 kW: lower " +
        "meter_constant_imp_per_kwh",
    ],
  ])("%s", (_, text, message) => {
    expect(of(text)).toContain(message);
  });

  it("all at once, in the order of the lines", () => {
    const text = changed("name: small", "name: no good").replace("serial: A1", "serial: A1\n    colour: red");
    expect(of(text).map((line) => line.split(":").slice(0, 3).join(":"))).toEqual([
      "small.yaml:1:7",
      "small.yaml:12:5",
    ]);
  });

  it("also behind an alias", () => {
    const text = changed("{ constant_w: 1000 }", "&load { constant_w: -1 }").replace(
      "serial: B1",
      "serial: B1\n    load: *load",
    );
    expect(of(text)).toEqual([
      "small.yaml:12:31: meters[0].load.constant_w: -1 is not a power in W, a number from 0 to 1000000",
      "small.yaml:12:31: meters[1].load.constant_w: -1 is not a power in W, a number from 0 to 1000000",
    ]);
  });

  it("a file that there is not", () => {
    expect(problemsOf(() => readScenario("no/such.yaml"))).toEqual(["no/such.yaml: there is no such scenario file"]);
  });
});

describe("events", () => {
  const cut = { at: "00:30:00", meter: "a", kind: "power_cut", duration: "10min" };

  it.each([
    ["an unknown meter", [{ ...cut, meter: "c" }], 'small.yaml:20:12: events[0].meter: there is no meter "c"'],
    [
      "an unknown kind",
      [{ ...cut, kind: "powercut" }],
      'small.yaml:21:11: events[0].kind: "powercut" is not a kind of event: power_cut, clock_step, clock_sync, cover, ' +
        "magnet, transaction",
    ],
    ["no kind", [{ at: "00:30:00", meter: "a" }], "small.yaml:19:5: events[0].kind: is missing"],
    [
      "another kind's key",
      [{ ...cut, seconds: 1 }],
      "small.yaml:23:5: events[0].seconds: unknown key; known here: at, meter, kind, duration, sync_after",
    ],
    [
      "a time that is none",
      [{ ...cut, at: "half past" }],
      'small.yaml:19:9: events[0].at: "half past" is not a time: an offset from the start (06:30:00, 90min) or UTC such ' +
        "as 2026-06-22T06:30:00Z",
    ],
    [
      "after the end",
      [{ ...cut, at: "02:00:00" }],
      "small.yaml:19:9: events[0].at: 02:00:00 is outside the scenario, 2026-06-22T00:00:00Z to 2026-06-22T02:00:00Z",
    ],
    [
      "before the start",
      [{ ...cut, at: "2026-06-21T23:59:00Z" }],
      "small.yaml:19:9: events[0].at: 2026-06-21T23:59:00Z is outside the scenario, 2026-06-22T00:00:00Z to " +
        "2026-06-22T02:00:00Z",
    ],
    [
      "a cut beyond the end",
      [{ ...cut, duration: "90min" }],
      "small.yaml:22:15: events[0].duration: ends at 02:00:00; it has to end before the scenario does",
    ],
    [
      "a cut of no length",
      [{ ...cut, duration: "0s" }],
      "small.yaml:22:15: events[0].duration: a power cut lasts longer than 0 s",
    ],
    [
      "something during a cut",
      [cut, { at: "00:39:59", meter: "a", kind: "cover", open: true }],
      "small.yaml:23:5: events[1]: falls into the power cut from 00:30:00 to 00:40:00",
    ],
    [
      "a cut of the street during one of a home",
      [cut, { ...cut, at: "35min", meter: "head" }],
      "small.yaml:23:5: events[1]: falls into the power cut from 00:30:00 to 00:40:00",
    ],
    [
      "something during a cut of the street",
      [
        { ...cut, meter: "head" },
        { at: "35min", meter: "b", kind: "clock_sync" },
      ],
      "small.yaml:23:5: events[1]: falls into the power cut from 00:30:00 to 00:40:00",
    ],
  ])("%s", (_, events, message) => {
    expect(of(withEvents(...events))).toEqual([message]);
  });

  it("come in order of time, what ends before what begins", () => {
    const { actions } = check(
      withEvents({ at: "40min", meter: "a", kind: "clock_step", seconds: 2.5 }, cut, {
        at: "2026-06-22T00:10:00Z",
        meter: "b",
        kind: "magnet",
        on: true,
      }),
    );
    expect(actions.map(({ atMs, meter, kind }) => [atMs / 60_000, meter, kind])).toEqual([
      [10, "b", "tamper"],
      [30, "a", "cut"],
      [40, "a", "restore"],
      [40, "a", "resync"],
      [40, "a", "clock_step"],
    ]);
  });

  it("after the end of a shortened run are left out, and counted", () => {
    const text = withEvents(cut, { at: "00:10:00", meter: "b", kind: "cover", open: true });
    const { actions, leftOut } = check(text, { durationMs: 35 * 60_000 });
    expect([actions.map(({ kind }) => kind), leftOut]).toEqual([["tamper"], 1]);
  });
});
