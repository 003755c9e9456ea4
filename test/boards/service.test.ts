import { createHash } from "node:crypto";
import fc from "fast-check";
import secp256k1 from "secp256k1";
import { expect, it } from "vitest";
import { encodeFrame, MAX_CONTENT_BYTES } from "../../host/link/frame.js";
import { Op, Status } from "../../host/link/protocol.js";
import { ABI_VERSION, INPUT_BYTES, OUTPUT_BYTES } from "../../host/metrology/abi.js";
import { readMetrology } from "../../host/metrology/module.js";
import { describeBoard, KEY, useMachine } from "./board.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describeBoard("the service link", () => {
  const machine = useMachine();

  it("HELLO names the board, its module and its key", async () => {
    const hello = await machine().client.hello();
    expect(hello.board).toBe("qemu_virt");
    expect(hello.abiVersion).toBe(ABI_VERSION);
    expect(Buffer.from(hello.moduleHash)).toEqual(createHash("sha256").update(readMetrology().wasm).digest());
    expect(Buffer.from(hello.publicKey)).toEqual(Buffer.from(secp256k1.publicKeyCreate(KEY, true)));
  });

  it("CALL reaches the exports that need no boot", async () => {
    const call = async (...args: Parameters<ReturnType<typeof machine>["client"]["call"]>): Promise<number> =>
      (await machine().client.call(...args)).result;
    expect(await call("abi", [])).toBe(ABI_VERSION);
    const [input, output, need] = [
      await call("in_buffer", []),
      await call("out_buffer", []),
      await call("memory_bytes", []),
    ];
    expect(input).toBeGreaterThan(0);
    expect(Math.abs(output - input)).toBeGreaterThanOrEqual(output > input ? INPUT_BYTES : OUTPUT_BYTES);
    expect(need).toBeGreaterThanOrEqual(Math.max(input + INPUT_BYTES, output + OUTPUT_BYTES));
    // Everything else answers ERR_STATE before boot.
    expect(await call("tick", [0n])).toBe(-2);
    expect(await call("pulse_edges", [0n, 1], new Uint8Array(INPUT_BYTES))).toBe(-2);
  });

  it("CALL_NAMED reaches the same exports", async () => {
    expect(await machine().client.callNamed("abi", [], [], "metrology")).toBe(ABI_VERSION);
    expect(await machine().client.callNamed("tick", ["i64"], [0n], "metrology")).toBe(-2);
  });

  it("names what is wrong with a request", async () => {
    const refuses = async (op: number, payload: Uint8Array, status: number, message: string): Promise<void> => {
      await expect(machine().client.link.rawRequest(op, payload)).rejects.toMatchObject({ status, message });
    };
    await refuses(0, bytes(), Status.badOp, "no such operation");
    await refuses(99, bytes(1, 2, 3), Status.badOp, "no such operation");
    const bad = (op: number, payload: Uint8Array, message: string) => refuses(op, payload, Status.badRequest, message);
    for (const op of [Op.call, Op.callNamed, Op.load, Op.memoryRead, Op.memoryWrite, Op.start]) {
      await bad(op, bytes(), "no such module");
      await bad(op, bytes(2), "no such module");
    }
    await bad(Op.call, bytes(0), "no such export");
    await bad(Op.call, bytes(0, 200), "no such export");
    await bad(Op.call, bytes(0, 8, 1, 2, 3), "arguments are missing");
    await bad(Op.call, new Uint8Array(2 + INPUT_BYTES + 1), "the input is too long");
    await bad(Op.callNamed, bytes(0), "the name is missing or too long");
    await bad(Op.callNamed, bytes(0, 5, 65), "the name is missing or too long");
    await bad(Op.callNamed, bytes(0, 1, 65), "no export A");
    await bad(Op.callNamed, bytes(0, 3, ...Buffer.from("abi"), 0), "arguments do not fit the signature");
    await bad(Op.map, bytes(), "the flag is missing");
    await bad(Op.map, bytes(0), "no such module");
    await bad(Op.load, bytes(0, 1, 2), "total and offset are missing");
    await bad(Op.load, bytes(0, 255, 255, 255, 255, 0, 0, 0, 0), "the board has no room for this module");
    await bad(Op.load, bytes(0, 0, 0, 0, 0, 0, 0, 0, 0), "the board has no room for this module");
    await bad(Op.load, bytes(0, 9, 0, 0, 0, 5, 0, 0, 0, 1), "a chunk is out of order");
    await bad(Op.flashRead, bytes(0, 1), "partition, offset and length are missing");
    await bad(Op.flashRead, bytes(6, 0, 0, 0, 0, 0, 0, 0, 0), "no such partition");
    await bad(Op.flashRead, bytes(0, 0, 0, 4, 0, 1, 0, 0, 0), "outside the partition");
    await bad(Op.flashRead, bytes(0, 1, 0, 0, 0, 255, 255, 255, 255), "outside the partition");
    await bad(Op.memoryRead, bytes(0, 0, 0, 0, 0, 1), "address and length are missing");
    await bad(Op.memoryWrite, bytes(0, 0, 0, 0), "the address is missing");
    await bad(Op.codeCache, bytes(0, 0, 0), "the number of bytes is missing");
    // The node is not started with the board.
    await refuses(Op.call, bytes(1, 0, 0, 0), Status.stopped, "it was not started");
    await machine().client.start("node");
    await bad(Op.call, bytes(1, 0), "the output is not so long");
    await bad(Op.call, bytes(1, 1, 20, 0), "the output is not so long");
    await bad(Op.call, bytes(1, 0, 0, 99), "no such export");
    await bad(Op.call, bytes(1, 0, 0, 25, 0, 0, 0, 0), "arguments are missing");
    expect(await machine().client.callNamed("abi", [], [], "metrology")).toBe(ABI_VERSION);
  });

  it("opens the memory of metrology to nobody", async () => {
    const { client } = machine();
    const refusal = { status: Status.badRequest, message: "only a loaded module's memory is open" };
    const input = (await client.call("in_buffer", [])).result;
    // Where a host may put bytes by CALL, elsewhere, and where there is no memory at all.
    for (const address of [input, 0, 0xffff_ffff]) {
      await expect(client.memoryRead(address, 4, "metrology")).rejects.toMatchObject(refusal);
      await expect(client.memoryWrite(address, new Uint8Array(4), "metrology")).rejects.toMatchObject(refusal);
    }
    await expect(client.link.rawRequest(Op.memoryRead, new Uint8Array(9))).rejects.toMatchObject(refusal);
    await expect(client.link.rawRequest(Op.memoryWrite, new Uint8Array(5))).rejects.toMatchObject(refusal);
    expect(await client.callNamed("abi", [], [], "metrology")).toBe(ABI_VERSION);
  });

  it("answers after damaged frames and says what was wrong", async () => {
    const { client, stream } = machine();
    const complains = async (line: Uint8Array, complaint: string): Promise<void> => {
      stream.write(line);
      await client.hello();
      expect(client.link.lastComplaint).toBe(complaint);
    };
    const wrongCrc = encodeFrame(bytes(1, 0, Op.hello));
    wrongCrc[wrongCrc.length - 2] = (wrongCrc[wrongCrc.length - 2] ?? 0) ^ 0x10;
    await complains(wrongCrc, "the CRC is wrong");
    await complains(bytes(0, 9, 1, 1, 0), "the frame breaks off inside a COBS block");
    await complains(encodeFrame(bytes(1, 0)), "the frame is too short");
    await complains(encodeFrame(new Uint8Array(MAX_CONTENT_BYTES + 1)), "the frame is too long");
    await complains(bytes(0, 2, 7, 0), "the CRC is wrong");
  });

  it("takes a frame of the greatest length, and responses of any", async () => {
    // An unknown operation is the only one that takes as many bytes as fit.
    const payload = new Uint8Array(MAX_CONTENT_BYTES - 3).fill(0xee);
    await expect(machine().client.link.rawRequest(77, payload)).rejects.toMatchObject({ status: Status.badOp });
    expect(await machine().client.flashRead(0, 4096)).toEqual(new Uint8Array(4096).fill(0xff));
  });

  it("answers after any garbage", async () => {
    const { client, stream } = machine();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (garbage) => {
        stream.write(garbage);
        expect((await client.hello()).board).toBe("qemu_virt");
      }),
      { numRuns: 50 },
    );
  });

  it("answers any well-framed nonsense", async () => {
    const { client } = machine();
    // All operations but those that replace the module or end the board.
    const op = fc.integer({ min: 0, max: 255 }).filter((n) => n !== Op.restart && n !== Op.powerOff && n !== Op.load);
    await fc.assert(
      fc.asyncProperty(op, fc.uint8Array({ maxLength: 40 }), async (number, payload) => {
        await client.link.rawRequest(number, payload).catch((error: unknown) => {
          expect(error).toMatchObject({ name: "LinkError" });
        });
        expect((await client.hello()).board).toBe("qemu_virt");
      }),
      { numRuns: 100 },
    );
  });

  it("answers requests in order when many are under way", async () => {
    const { client } = machine();
    const figures = await Promise.all(Array.from({ length: 20 }, () => client.callNamed("abi", [], [], "metrology")));
    expect(figures).toEqual(new Array(20).fill(ABI_VERSION));
  });

  it("decodes COBS blocks of every length", async () => {
    // The board's CRC check is the judge: a wrongly decoded frame would be dropped and time out.
    const { client } = machine();
    for (const length of [0, 1, 249, 250, 251, 252, 253, 254, 255, 505, 506, 507, 508, 509, 510]) {
      for (const fill of [0, 7]) {
        const payload = new Uint8Array(length).fill(fill);
        await expect(client.link.rawRequest(77, payload, 5000)).rejects.toMatchObject({ status: Status.badOp });
      }
    }
  });
});
