import { readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node } from "yaml";

/** Where in a document: keys and indices from the top. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, with its place. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** A scenario, or a file that it names, is wrong; the message has a line for each problem: `file:line:column: what`. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";

  constructor(
    file: string,
    readonly problems: readonly Problem[],
  ) {
    super(problems.map(({ line, column, text }) => `${file}:${line}:${column}: ${text}`).join("\n"));
  }
}

/** More than any street needs; a wrong file is refused and not loaded. */
const MAX_BYTES = 4 * 1024 * 1024;

/** A YAML document that knows where its values stand. Collects problems and throws them all at once. */
export class ScenarioDocument {
  /** The document as plain data. */
  readonly value: unknown;
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed;
  private readonly problems: Problem[] = [];

  /**
   * @param file its name, for messages
   * @param what it is, for messages
   * Throws ScenarioError where the text is no YAML.
   */
  constructor(
    readonly file: string,
    text: string,
    what = "scenario",
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    for (const { pos, message } of [...this.document.errors, ...this.document.warnings]) {
      this.problems.push({ ...this.position(pos[0]), text: message });
    }
    this.throwProblems();
    if (this.document.contents === null) this.report([], `the ${what} is empty`);
    this.throwProblems();
    try {
      // Aliases are counted, so that a few lines cannot unfold into gigabytes.
      this.value = this.document.toJS({ maxAliasCount: 1000 });
    } catch (error) {
      this.report([], error instanceof Error ? error.message : String(error));
    }
    this.throwProblems();
  }

  /** Throws where there is no such file to read. */
  static read(file: string, what = "scenario"): ScenarioDocument {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) throw new Error(`${file}: there is no such ${what} file`);
    if (!stats.isFile()) throw new Error(`${file}: is no file`);
    if (stats.size > MAX_BYTES) throw new Error(`${file}: ${stats.size} bytes, at most ${MAX_BYTES} are read`);
    return new ScenarioDocument(file, readFileSync(file, "utf8"), what);
  }

  /**
   * Notes a problem at the value of `path`, or at its key with `atKey`. What does not stand in the document (a missing
   * key) is placed at what would hold it.
   */
  report(path: Path, message: string, atKey = false): void {
    const text = path.length === 0 ? message : `${pathText(path)}: ${message}`;
    this.problems.push({ ...this.position(this.offset(path, atKey)), text });
  }

  /** Throws ScenarioError with all problems in the order of their lines, if there are any. */
  throwProblems(): void {
    if (this.problems.length === 0) return;
    this.problems.sort((a, b) => a.line - b.line || a.column - b.column);
    throw new ScenarioError(this.file, this.problems);
  }

  private position(offset: number): { line: number; column: number } {
    const { line, col } = this.lines.linePos(offset);
    // Without any text there are no lines to count.
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  private offset(path: Path, atKey: boolean): number {
    let node: unknown = this.document.contents;
    let offset = rangeStart(node) ?? 0;
    path.forEach((step, i) => {
      if (isAlias(node)) node = node.resolve(this.document);
      let key: unknown;
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        key = pair?.key;
        node = pair?.value;
      } else {
        node = isSeq(node) ? node.items[Number(step)] : undefined;
      }
      const last = i === path.length - 1;
      offset = (last && atKey ? rangeStart(key) : undefined) ?? rangeStart(node) ?? rangeStart(key) ?? offset;
    });
    return offset;
  }
}

function rangeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** `meters[1].load.annual_kwh`. */
export function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
}

/** A path as a person would type it here. */
export function displayedPath(path: string): string {
  const short = relative("", path);
  return short === "" || short.startsWith("..") ? path : short;
}
