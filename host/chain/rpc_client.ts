import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { ChainError } from "./chain.js";

const MAX_ANSWER_BYTES = 1 << 28;

export interface RpcOptions {
  /** http://[USER:PASSWORD@]HOST:PORT[/wallet/NAME] */
  url: string;
  /** File with USER:PASSWORD, as nodes write it at each start; read at each call. */
  cookieFile?: string;
  /** How long an answer may take. */
  timeoutMs?: number;
}

/** JSON-RPC 1.0 over HTTP, as full nodes speak it: one request a connection, one method a request. */
export class RpcClient {
  private readonly url: URL;
  private readonly user: string;
  private readonly password: string;
  private readonly cookieFile: string | undefined;
  private readonly timeoutMs: number;
  private count = 0;

  /** Throws a ChainError if the address is none. */
  constructor({ url, cookieFile, timeoutMs = 60_000 }: RpcOptions) {
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      throw new ChainError("the chain's address is no URL: http://USER:PASSWORD@HOST:PORT is wanted");
    }
    if (parsed.protocol !== "http:") throw new ChainError(`${parsed.protocol} is not spoken to the chain, only http:`);
    this.user = decodeURIComponent(parsed.username);
    this.password = decodeURIComponent(parsed.password);
    this.url = parsed;
    this.cookieFile = cookieFile;
    this.timeoutMs = timeoutMs;
  }

  /** Where it speaks to, without user and password. */
  get place(): string {
    return `${this.url.host}${this.url.pathname === "/" ? "" : this.url.pathname}`;
  }

  /** What the method returns. Rejects with a ChainError that has the node's own code, or 0 if there was no answer. */
  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const id = ++this.count;
    const { status, text } = await this.post(method, JSON.stringify({ jsonrpc: "1.0", id, method, params }));
    let answer: { result?: unknown; error?: { code: number; message: string } | null } | null;
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch {
      // 401 and 403 come without a body, or with one for people.
      throw this.error(method, status === 200 ? "the answer is no JSON" : `HTTP status ${status}`);
    }
    if (answer === null || typeof answer !== "object") throw this.error(method, "the answer is no JSON-RPC");
    if (answer.error) throw this.error(method, answer.error.message, answer.error.code);
    if (answer.result === undefined) throw this.error(method, "the answer has no result");
    return answer.result as T;
  }

  private error(method: string, what: string, code = 0): ChainError {
    return new ChainError(`${method} at ${this.place}: ${what}`, code);
  }

  private credentials(method: string): string {
    if (this.cookieFile === undefined) return `${this.user}:${this.password}`;
    try {
      return readFileSync(this.cookieFile, "utf8").trim();
    } catch (error) {
      throw this.error(method, `no cookie: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async post(method: string, body: string): Promise<{ status: number; text: string }> {
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      Authorization: `Basic ${Buffer.from(this.credentials(method)).toString("base64")}`,
    };
    return new Promise((resolve, reject) => {
      const { hostname, port, pathname } = this.url;
      const options = {
        method: "POST",
        host: hostname.replace(/^\[|\]$/g, ""),
        port: port || 80,
        path: pathname,
        headers,
        timeout: this.timeoutMs,
        agent: false,
      } as const;
      const outgoing = request(options, (response: IncomingMessage) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on("data", (part: Buffer) => {
          parts.push(part);
          length += part.length;
          if (length > MAX_ANSWER_BYTES) outgoing.destroy(new Error("the answer is too long"));
        });
        response.on("error", (error) => reject(this.error(method, error.message)));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") });
        });
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${this.timeoutMs} ms`)));
      outgoing.on("error", (error) => reject(this.error(method, error.message)));
      outgoing.end(body);
    });
  }
}
