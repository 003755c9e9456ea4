import { StringDecoder } from "node:string_decoder";

/** Longest line in characters: any request and any listing is far shorter. */
export const MAX_LINE = 1 << 20;

/** Cuts a stream of bytes into lines of UTF-8, however the bytes come in. */
export class Lines {
  private readonly decoder = new StringDecoder("utf8");
  private rest = "";

  constructor(private readonly longest = MAX_LINE) {}

  /** The lines that end in `chunk`, without their ends; empty ones are left out. Throws RangeError for a longer one. */
  push(chunk: Uint8Array): string[] {
    const parts = (this.rest + this.decoder.write(Buffer.from(chunk))).split("\n");
    this.rest = parts.pop() ?? "";
    if ([...parts, this.rest].some((line) => line.length > this.longest)) {
      throw new RangeError(`a line longer than ${this.longest} characters`);
    }
    return parts.map((line) => line.replace(/\r$/, "")).filter((line) => line.trim() !== "");
  }
}
