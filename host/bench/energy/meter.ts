import { Entropy } from "../../board/entropy.js";
import { KeyStore } from "../../board/key_store.js";
import type { LineMeter } from "../../board/meter_port.js";
import { MetrologyBoard } from "../../board/metrology_board.js";
import { NorFlash } from "../../board/nor_flash.js";
import type { Engine } from "../../engine/engine.js";
import { METER_FLASH_SECTORS } from "../../metrology/driver.js";
import { Metrology, readMetrology } from "../../metrology/module.js";
import type { NoteRequest } from "../../metrology/note.js";

const SECTOR_BYTES = 4096;
/** Nothing flows, so it need not count much. */
const CONSTANT = 1000;

/** metrology.wasm at the end of a line on which nothing flows: it signs notes for promises. */
export class NoteMeter implements LineMeter {
  private readonly keys: KeyStore;
  private readonly module: Metrology;

  constructor(engine: Engine, name: string, utcS: bigint, intervalS: number, ratingW: number) {
    this.keys = KeyStore.generate(new Entropy(name, "meter"));
    const board = new MetrologyBoard(new NorFlash(SECTOR_BYTES, METER_FLASH_SECTORS), this.keys);
    this.module = new Metrology(engine, readMetrology(), board);
    const text = { serial: name, vendor: "bench", model: "still" };
    this.module.boot({ ...text, meterConstant: CONSTANT, intervalS, ratingW }, 0);
    this.module.setClock(0, Number(utcS) * 1000, "S");
  }

  publicKey(): Uint8Array {
    return this.keys.publicKey();
  }

  nextPage(): number {
    return 1;
  }

  fiscalRecord(): undefined {
    return undefined;
  }

  note(request: NoteRequest): Uint8Array | number {
    return this.module.note(request, 0);
  }
}
