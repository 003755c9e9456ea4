import { beforeAll, expect, test } from "vitest";
import { Entropy } from "../../host/board/entropy.js";
import { startLdk } from "../../host/bench/lightning/ldk.js";
import { TielineWorld } from "./tieline.js";

beforeAll(startLdk);

for (const anchors of [false, true]) {
  const type = anchors ? "anchors" : "static_remotekey";

  test(`LDK opens a channel to Tieline, pays and is paid, and closes: ${type}`, () => {
    const world = new TielineWorld({ anchors });
    const [ldk, tieline] = [world.ldk(1), world.tieline("t")];
    world.connect(ldk, tieline);
    ldk.openChannel(tieline.nodeId, 1_000_000n, 300_000_000n);
    world.settle(6);
    expect(world.problems()).toEqual([]);
    expect(tieline.node.channels()).toMatchObject([{ usable: true, opener: false, anchors }]);
    world.payBothWays(ldk, tieline);
    ldk.closeChannel(tieline.nodeId);
    world.expectClosed(ldk, tieline);
  });

  test(`Tieline opens a channel to LDK, pays and is paid, and closes: ${type}`, () => {
    const world = new TielineWorld({ anchors });
    const [ldk, tieline] = [world.ldk(1), world.tieline("t")];
    world.connect(tieline, ldk);
    const channel = tieline.node.open({
      peer: ldk.nodeId,
      fundingSat: 1_000_000n,
      pushMsat: 300_000_000n,
      feeratePerKw: 253,
      anchors,
    });
    world.settle(6);
    expect(world.problems()).toEqual([]);
    expect(tieline.node.channel(channel)).toMatchObject({ usable: true, opener: true, anchors });
    world.payBothWays(ldk, tieline);
    tieline.node.close(channel, Uint8Array.from([0, 20, ...new Entropy("script").bytes(20)]));
    world.expectClosed(ldk, tieline);
  });
}
