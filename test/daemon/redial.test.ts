import { describe, expect, it } from "vitest";
import { Redial } from "../../host/daemon/redial.js";
import { TestClock } from "./test_clock.js";

function dialled(): { clock: TestClock; redial: Redial; at: number[] } {
  const clock = new TestClock();
  const at: number[] = [];
  return { clock, at, redial: new Redial(clock, () => at.push(clock.nowMs())) };
}

describe("redial", () => {
  it("waits twice as long after each failure, at most five minutes", () => {
    const clock = new TestClock();
    const at: number[] = [];
    const redial = new Redial(clock, (peer) => {
      at.push(clock.nowMs());
      redial.failed(peer);
    });
    redial.keep("a");
    clock.advance(1_500_000);
    const gaps = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / 1000);
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it("begins anew after a connection that stood, and has one dial under way at a time", () => {
    const { clock, redial, at } = dialled();
    redial.keep("a");
    redial.keep("a");
    clock.advance(0);
    redial.failed("a");
    redial.failed("a");
    clock.advance(1000);
    redial.failed("a");
    clock.advance(1000);
    redial.connected("a");
    clock.advance(100_000);
    expect(at).toEqual([0, 1000]);
    redial.failed("a");
    clock.advance(1000);
    expect(at).toEqual([0, 1000, 103_000]);
  });

  it("waits ever longer for a peer whose connections end soon, until one of them stands for a minute", () => {
    const clock = new TestClock();
    const at: number[] = [];
    let lastsMs = 200;
    const redial = new Redial(clock, (peer) => {
      at.push(clock.nowMs());
      redial.connected(peer);
      // It is told of again while it stands.
      clock.after(lastsMs / 2, () => {
        redial.connected(peer);
      });
      clock.after(lastsMs, () => {
        redial.failed(peer);
      });
    });
    redial.keep("a");
    clock.advance(100_000);
    expect(at).toEqual([0, 1200, 3400, 7600, 15_800, 32_000, 64_200]);
    lastsMs = 60_000;
    clock.advance(100_000);
    expect(at.slice(7)).toEqual([128_400, 189_400]);
    lastsMs = 59_999;
    clock.advance(250_000);
    // The one that stands for less than a minute counts for nothing.
    expect(at.slice(9)).toEqual([250_400, 312_399, 376_398, 444_397]);
  });

  it("leaves alone whom it need not keep", () => {
    const { clock, redial, at } = dialled();
    redial.failed("a");
    redial.keep("b");
    clock.advance(0);
    redial.failed("b");
    redial.forget("b");
    redial.keep("c");
    redial.stop();
    clock.advance(1_000_000);
    expect(at).toEqual([0]);
  });
});
