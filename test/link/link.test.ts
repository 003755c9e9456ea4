import { Duplex, PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BoardClient, encodeArguments } from "../../host/link/board_client.js";
import { encodeFrame, FrameDecoder } from "../../host/link/frame.js";
import { Link } from "../../host/link/link.js";
import { LinkError, nextSequence, Op, Status } from "../../host/link/protocol.js";

const text = (message: string): Uint8Array => Buffer.from(message, "utf8");

/** The far end of a link: collects requests and sends what a test tells it to. */
class FakeBoard {
  readonly toBoard = new PassThrough();
  readonly toHost = new PassThrough();
  readonly stream = Duplex.from({ readable: this.toHost, writable: this.toBoard });
  readonly #decoder = new FrameDecoder();
  readonly #requests: Uint8Array[] = [];
  readonly #readers: ((request: Uint8Array) => void)[] = [];

  constructor() {
    this.toBoard.on("data", (bytes: Uint8Array) => {
      for (const request of this.#decoder.feed(bytes)) {
        const reader = this.#readers.shift();
        if (reader === undefined) this.#requests.push(request);
        else reader(request);
      }
    });
  }

  request(): Promise<Uint8Array> {
    const request = this.#requests.shift();
    return request !== undefined ? Promise.resolve(request) : new Promise((resolve) => this.#readers.push(resolve));
  }

  respond(request: Uint8Array, status: number, payload: Uint8Array): void {
    this.toHost.write(encodeFrame(Buffer.concat([request.subarray(0, 2), Uint8Array.of(status), payload])));
  }

  event(status: number, message: string): void {
    this.respond(Uint8Array.of(0, 0), status, text(message));
  }
}

describe("Link", () => {
  let board: FakeBoard;
  let link: Link;
  beforeEach(() => {
    board = new FakeBoard();
    link = new Link(board.stream);
  });
  afterEach(() => board.stream.destroy());

  it("matches responses to requests by sequence, in any order", async () => {
    const first = link.request(Op.hello);
    const second = link.request(Op.map, Uint8Array.of(1));
    const [a, b] = [await board.request(), await board.request()];
    expect([a[2], b[2], b[3]]).toEqual([Op.hello, Op.map, 1]);
    expect(a.subarray(0, 2)).not.toEqual(b.subarray(0, 2));
    board.respond(b, Status.ok, text("second"));
    board.respond(a, Status.ok, text("first"));
    expect(Buffer.from(await first).toString()).toBe("first");
    expect(Buffer.from(await second).toString()).toBe("second");
  });

  it("rejects with the board's status and text", async () => {
    const call = link.request(Op.call);
    board.respond(await board.request(), Status.trap, text("[trap] unreachable executed"));
    await expect(call).rejects.toEqual(new LinkError(Status.trap, "[trap] unreachable executed"));
  });

  it("survives noise and responses to nothing", async () => {
    board.toHost.write(Uint8Array.of(1, 2, 3, 0, 0, 9, 9));
    board.respond(Uint8Array.of(0x34, 0x12), Status.ok, text("nobody asked"));
    const call = link.request(Op.hello);
    board.respond(await board.request(), Status.ok, text("fine"));
    expect(Buffer.from(await call).toString()).toBe("fine");
  });

  it("times out and tells what the board complained about", async () => {
    board.event(Status.badFrame, "the CRC is wrong");
    await expect(link.request(Op.hello, new Uint8Array(), 20)).rejects.toThrow(
      "no response to operation 1 within 20 ms; the board's last complaint: the CRC is wrong",
    );
  });

  it("does not take a late response for the next one's", async () => {
    const late = link.request(Op.hello, new Uint8Array(), 20);
    await expect(late).rejects.toThrow("no response");
    const next = link.request(Op.map);
    const [lateRequest, nextRequest] = [await board.request(), await board.request()];
    board.respond(lateRequest, Status.ok, text("late"));
    board.respond(nextRequest, Status.ok, text("next"));
    expect(Buffer.from(await next).toString()).toBe("next");
  });

  it("tells when the board is ready, and rejects what waits when it fails", async () => {
    const ready = link.ready();
    board.event(Status.ready, "no key");
    expect(await ready).toBe("no key");
    const call = link.request(Op.call);
    await board.request();
    board.event(Status.fault, "CPU exception");
    await expect(call).rejects.toThrow("the board failed and restarted: CPU exception");
  });

  it("rejects everything once the stream is gone", async () => {
    const call = link.request(Op.call);
    board.toHost.end();
    await expect(call).rejects.toThrow("closed");
    await expect(link.request(Op.hello)).rejects.toThrow("closed");
    await expect(link.ready()).rejects.toThrow("closed");
  });
});

describe("BoardClient", () => {
  it("reads and writes memory in pieces that fit a frame, all of them under way at once", async () => {
    const board = new FakeBoard();
    const client = new BoardClient(new Link(board.stream));
    const memory = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) >> 4);
    const word = (request: Uint8Array, at: number): number => Buffer.from(request).readUInt32LE(at);
    const requests = async (): Promise<Uint8Array[]> => [
      await board.request(),
      await board.request(),
      await board.request(),
    ];

    const written = client.memoryWrite(100, memory.subarray(100, 9000));
    const writes = await requests();
    expect(writes.map((request) => [request[2], request[3], word(request, 4), request.length - 8])).toEqual([
      [Op.memoryWrite, 1, 100, 4096],
      [Op.memoryWrite, 1, 4196, 4096],
      [Op.memoryWrite, 1, 8292, 708],
    ]);
    expect(Buffer.concat(writes.map((request) => request.subarray(8)))).toEqual(Buffer.from(memory.slice(100, 9000)));
    for (const request of writes) board.respond(request, Status.ok, new Uint8Array());
    await written;

    const read = client.memoryRead(100, 8900);
    for (const request of await requests()) {
      expect(request[2]).toBe(Op.memoryRead);
      const at = word(request, 4);
      board.respond(request, Status.ok, memory.subarray(at, at + word(request, 8)));
    }
    expect(await read).toEqual(memory.slice(100, 9000));
    board.stream.destroy();
  });
});

describe("what a node puts out", () => {
  it("comes with the response to the call that brought it about, also where that trapped", async () => {
    const board = new FakeBoard();
    const client = new BoardClient(new Link(board.stream));
    const calls = [client.callNode("tick", [1n, 2n]), client.callNode("block", [7, 0]), client.callNode("abi", [])];
    const outcomes = Promise.allSettled(calls);
    const requests = [await board.request(), await board.request(), await board.request()];
    board.event(Status.send, "\u0002bytes");
    board.event(Status.hangUp, "\u0002");
    board.respond(requests[0] as Uint8Array, Status.ok, Uint8Array.of(0, 0, 0, 0));
    board.event(Status.tell, "\u0009record");
    board.respond(requests[1] as Uint8Array, Status.trap, text("unreachable"));
    board.respond(requests[2] as Uint8Array, Status.ok, Uint8Array.of(3, 0, 0, 0));
    const [first, second, third] = await outcomes;
    expect(first).toMatchObject({
      value: {
        result: 0,
        outputs: [
          { kind: "send", connection: 2, bytes: Uint8Array.from(text("bytes")) },
          { kind: "hang_up", connection: 2 },
        ],
      },
    });
    expect(second).toMatchObject({ reason: { status: Status.trap, outputs: [{ status: Status.tell }] } });
    expect(third).toMatchObject({ value: { result: 3, outputs: [] } });
    board.stream.destroy();
  });
});

describe("sequence numbers", () => {
  it("go round without 0, which is the board's", () => {
    const seen = new Set<number>();
    for (let sequence = nextSequence(0); !seen.has(sequence); sequence = nextSequence(sequence)) seen.add(sequence);
    expect(seen.size).toBe(0xffff);
    expect(seen.has(0)).toBe(false);
    expect(Math.max(...seen)).toBe(0xffff);
  });
});

describe("arguments", () => {
  it("take 4 or 8 bytes, little-endian, two's complement", () => {
    const encoded = encodeArguments(["i32", "i64", "i32"], [-2, 2n ** 40n + 1n, 0xffff_ffff]);
    expect(Buffer.from(encoded).toString("hex")).toBe("feffffff" + "0100000000010000" + "ffffffff");
    expect(Buffer.from(encodeArguments(["i64"], [-1])).toString("hex")).toBe("ffffffffffffffff");
  });

  it("must be as many as the signature has", () => {
    expect(() => encodeArguments(["i32"], [])).toThrow("1 arguments expected, 0 given");
  });
});
