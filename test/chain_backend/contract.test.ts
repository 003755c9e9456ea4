import { afterAll, beforeAll, describe } from "vitest";
import { RpcChain } from "../../host/chain/rpc_chain.js";
import { SimulatedChain } from "../../host/chain/simulated_chain.js";
import { ENTRY, Room } from "../chain/records.js";
import { compileEntry } from "../driver/entry.js";
import { FullNode, whereFullNodeRuns } from "../driver/full_node.js";
import { openLocal } from "../driver/modules.js";
import { Bench, contract } from "./contract.js";
import { refusals } from "./refusals.js";

/** The firmware's chain room on V8: that engines agree is told by the room's own tests. */
const openRoom = (): Promise<Room> => Room.open({ ...openLocal("v8", compileEntry(ENTRY)), applied: () => undefined });

describe("transactions of channels on the simulated chain", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = new Bench(new SimulatedChain({ seed: "contract" }), await openRoom());
  });
  contract(() => bench);
  refusals(() => bench);
});

describe("transactions of channels on litecoind", () => {
  whereFullNodeRuns(() => {
    let node: FullNode | undefined;
    let bench: Bench;
    beforeAll(async () => {
      node = await FullNode.start();
      bench = new Bench(await RpcChain.connect(node.options), await openRoom());
    });
    afterAll(async () => {
      bench?.chain.close();
      await node?.stop();
    });
    contract(() => bench);
    refusals(() => bench);
  });
});
