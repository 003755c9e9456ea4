import { describe, expect, it } from "vitest";
import { FrameDecoder } from "../../host/link/frame.js";
import { LineSocket } from "../../host/link/line_socket.js";
import { InputBit } from "../../host/link/machine.js";
import { PARTITIONS } from "../../host/link/image.js";
import { Op } from "../../host/link/protocol.js";
import { whereItRuns } from "../driver/engines.js";
import { engineOf, KEY, makeMachine } from "./board.js";
import { FREE_SETTINGS, FreeBoard, sleep, until } from "./free_board.js";

/** Answers that no buffer between board and host has room for. */
const ANSWERS = 24;
const ANSWER_BYTES = 16_384;
const HELLO = 1;
/** What the board says to its peer once a second, after it has waited for its host as long as it ever does. */
const HELLOS = 4;
const POWER_ON = 0;

describe.concurrent.each(["posix", "qemu"] as const)("the board %s in free mode", (name) => {
  whereItRuns(engineOf(name), () => {
    it("goes on while its service host does not read, counts, and answers again when it does", async () => {
      let hellos = 0;
      const decoder = new FrameDecoder();
      const inputs = await LineSocket.open();
      const peer = await LineSocket.open((bytes) => {
        for (const content of decoder.feed(bytes)) if (content[0] === HELLO) hellos++;
      });
      const board = new FreeBoard(makeMachine(name, { key: KEY, peers: [peer.path], inputs: inputs.path }));
      try {
        expect(await board.set(FREE_SETTINGS)).toBe("");
        await Promise.all([inputs.connected(), peer.connected()]);
        const { stream, client } = board.machine;
        let starts = 0;
        client.link.ready().then(
          () => starts++,
          () => undefined,
        );
        await until("the peer is called", () => hellos > 0);
        stream.pause();
        const question = Buffer.alloc(9);
        question.writeUInt8(PARTITIONS.indexOf("metrology"), 0);
        question.writeUInt32LE(ANSWER_BYTES, 5);
        const asked = Array.from({ length: ANSWERS }, () => client.link.request(Op.flashRead, question));
        const answered = Promise.allSettled(asked);
        let pulses = 0n;
        const silentSince = hellos;
        await until("the board still calls its peer", async () => {
          for (let i = 0; i < 3; i++) {
            inputs.write(Uint8Array.of(InputBit.import));
            inputs.write(Uint8Array.of(0));
            pulses++;
          }
          stream.write(Uint8Array.of(0, 1, 2, 3, 0)); // no frame, of which an event tells
          await sleep(100);
          return hellos >= silentSince + HELLOS;
        });
        stream.resume();
        // What it was asked until the line takes bytes again gets no answer.
        await until("the board answers", () =>
          client.link.request(Op.state, new Uint8Array(), 1000).then(
            () => true,
            () => false,
          ),
        );
        await until("all pulses are counted", async () => (await board.registers()).importPulses === pulses);
        const state = await client.state();
        expect(state.get("link0_frames_dropped")).toBeGreaterThan(0);
        expect(state.get("link0_bad_frames")).toBeGreaterThan(0);
        expect(state.get("reset_reason")).toBe(POWER_ON);
        expect(starts).toBe(0);
        expect(board.log).toContain("the service host does not read: frames for it are dropped");
        expect(board.log.filter((line) => line.includes("lost"))).toEqual([]);
        client.link.close();
        const kept = (await answered).filter(({ status }) => status === "fulfilled").length;
        expect(kept).toBeLessThan(ANSWERS);
      } finally {
        await board.machine.discard();
        for (const line of [inputs, peer]) line.close();
      }
    }, 90_000);
  });
});
