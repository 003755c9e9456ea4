import type { PayHop } from "../../host/node/requests.js";
import { routeOf, TestNetwork } from "./network.js";

/** Two nodes, connected, with a confirmed channel. */
export function pair(engine: "v8" | "wasm3", anchors: boolean) {
  const network = new TestNetwork(engine);
  const [a, b] = [network.add("a"), network.add("b")];
  network.connect(a, b);
  network.run();
  const [ab, ba] = network.openChannel(a, b, 1_000_000n, anchors, 100_000_000n);
  return { network, a, b, ab, ba };
}

/** Three nodes in a row, with channels of 1,000,000 sat. */
export function row(engine: "v8" | "wasm3") {
  const network = new TestNetwork(engine);
  const [a, b, c] = [network.add("a"), network.add("b"), network.add("c")];
  network.connect(a, b);
  network.connect(b, c);
  network.run();
  const [ab, ba] = network.openChannel(a, b);
  const [bc, cb] = network.openChannel(b, c);
  const scid = c.node.channel(cb)?.shortChannelId ?? 0n;
  const route = (amountMsat: bigint, feeMsat = 0n): PayHop[] => {
    const [first, last] = routeOf(network, amountMsat, [
      { node: b, scid: 0n },
      { node: c, scid },
    ]) as [PayHop, PayHop];
    return [{ ...first, amountMsat: amountMsat + feeMsat }, last];
  };
  return { network, a, b, c, ab, ba, bc, cb, route };
}
