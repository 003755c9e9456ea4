import type { Imports } from "../engine/engine.js";
import { memoryRange } from "../engine/memory_range.js";
import { BOARD_MODULE, METER_MODULE, type BoardImportName } from "../node/abi.js";
import type { Entropy } from "./entropy.js";
import type { NodeCrypto } from "./node_crypto.js";
import { flashImports } from "./flash_imports.js";
import { meterImports, type MeterPort } from "./meter_port.js";
import type { NorFlash } from "./nor_flash.js";

const OK = 0;
const FULL = 1;
const ERR_RANGE = -7;
const OUTPOINT = 36;

/** What node.wasm asks of the world around it, in the order in which it asks. All bytes are copies. */
export type NodeOutput =
  | { readonly kind: "send"; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: "hang_up"; readonly connection: number }
  | { readonly kind: "tell"; readonly what: number; readonly record: Uint8Array }
  | { readonly kind: "broadcast"; readonly chain: number; readonly transaction: Uint8Array }
  | {
      readonly kind: "watch";
      readonly chain: number;
      readonly channel: number;
      /** txid as hashed (not reversed), then the output's index, little-endian. */
      readonly outpoint: Uint8Array;
      readonly script: Uint8Array;
    };

/** A source of random bytes: an Entropy in tests and simulations, the system's own in the daemon. */
export type RandomSource = Pick<Entropy, "bytes">;

/**
 * The emulated board behind assembly/node/board.ts, assembly/crypto/crypto.ts and assembly/meter/meter.ts: the node's
 * flash partition, its crypto unit, a random generator, its line meters. What the module sends, tells and broadcasts is queued here: LightningNode hands it out once
 * the module has returned, so that nothing calls back into a module that is still at work.
 */
export class NodeBoard {
  /** What has been asked for and not been handed out, oldest first. */
  readonly outputs: NodeOutput[] = [];
  /** Whether the line of a connection, with what has been sent, has no room for more: LightningNode.resume. */
  isFull: (connection: number) => boolean = () => false;

  /**
   * @param flash the node's partition, at least 16 sectors: NODE_FLASH_SECTORS of 4 KiB are a good size
   * @param random of the node's own; if it is predictable, so are the node's secrets
   * @param meters line meters by their numbers
   */
  constructor(
    readonly flash: NorFlash,
    readonly crypto: NodeCrypto,
    private readonly random: RandomSource,
    private readonly meters: readonly MeterPort[] = [],
  ) {}

  /** The host functions for one instance of the module. */
  imports(memory: () => Uint8Array): Imports {
    const range = memoryRange(memory);
    const put = (output: NodeOutput): number => {
      this.outputs.push(output);
      return OK;
    };
    const functions: Record<BoardImportName, (...args: number[]) => number> = {
      ...flashImports(this.flash, range),
      random: (data = 0, len = 0) => {
        const target = range(data, len);
        if (target === undefined) return ERR_RANGE;
        target.set(this.random.bytes(len));
        return OK;
      },
      send: (connection = 0, data = 0, len = 0) => {
        const bytes = range(data, len);
        if (bytes === undefined) return ERR_RANGE;
        put({ kind: "send", connection, bytes: bytes.slice() });
        return this.isFull(connection) ? FULL : OK;
      },
      hang_up: (connection = 0) => put({ kind: "hang_up", connection }),
      tell: (what = 0, data = 0, len = 0) => {
        const record = range(data, len);
        return record === undefined ? ERR_RANGE : put({ kind: "tell", what, record: record.slice() });
      },
      broadcast: (chain = 0, data = 0, len = 0) => {
        const transaction = range(data, len);
        return transaction === undefined
          ? ERR_RANGE
          : put({ kind: "broadcast", chain, transaction: transaction.slice() });
      },
      watch: (chain = 0, channel = 0, outpoint = 0, script = 0, scriptLen = 0) => {
        const output = range(outpoint, OUTPOINT);
        const spent = range(script, scriptLen);
        if (output === undefined || spent === undefined) return ERR_RANGE;
        return put({ kind: "watch", chain, channel, outpoint: output.slice(), script: spent.slice() });
      },
    };
    return {
      ...this.crypto.imports(memory),
      [BOARD_MODULE]: functions,
      [METER_MODULE]: meterImports(this.meters, range),
    };
  }
}

/** Erase sectors of a node's partition and their size: eight groups of 64 KiB. */
export const NODE_FLASH_SECTORS = 128;
export const NODE_SECTOR_BYTES = 4096;
