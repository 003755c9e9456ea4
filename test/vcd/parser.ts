/** One value change as a dump has it. */
export interface DumpedChange {
  readonly timeMs: number;
  readonly value: string;
}

export interface Dump {
  readonly timescale: string;
  /** Full name, scopes joined by dots, to the changes, the value at $dumpvars first. */
  readonly signals: ReadonlyMap<string, DumpedChange[]>;
  /** The last time in the dump. */
  readonly endMs: number;
}

/** Reads one-bit dumps token by token, strictly: IEEE 1364-2005, 18.2. Throws Error at what the standard does not allow. */
export function parseVcd(text: string): Dump {
  const tokens = text.split(/\s+/).filter((token) => token !== "");
  let at = 0;
  const section = (): string[] => {
    const end = tokens.indexOf("$end", at);
    if (end < 0) throw new Error("a section without $end");
    const words = tokens.slice(at, end);
    at = end + 1;
    return words;
  };
  const scopes: string[] = [];
  const byCode = new Map<string, DumpedChange[]>();
  const signals = new Map<string, DumpedChange[]>();
  let timescale = "";
  for (let keyword = tokens[at++]; keyword !== "$enddefinitions"; keyword = tokens[at++]) {
    if (keyword === undefined || !keyword.startsWith("$")) throw new Error(`in the header: ${keyword}`);
    const words = section();
    if (keyword === "$timescale") timescale = words.join("");
    else if (keyword === "$scope") scopes.push(words[1] ?? "");
    else if (keyword === "$upscope" && scopes.pop() === undefined) throw new Error("$upscope outside a scope");
    else if (keyword === "$var") {
      const [kind, size, code = "", name] = words;
      const full = [...scopes, name].join(".");
      if (kind !== "wire" || size !== "1" || byCode.has(code) || signals.has(full)) throw new Error(`$var ${full}`);
      byCode.set(code, []);
      signals.set(full, byCode.get(code) ?? []);
    }
  }
  section();
  if (scopes.length > 0) throw new Error("a scope is open at $enddefinitions");
  let timeMs = -1;
  let dumping = false;
  for (let token = tokens[at++]; token !== undefined; token = tokens[at++]) {
    if (token.startsWith("#")) {
      const next = Number(token.slice(1));
      if (!(next > timeMs)) throw new Error(`${token} after #${timeMs}`);
      timeMs = next;
    } else if (token === "$dumpvars") dumping = true;
    else if (token === "$end" && dumping) {
      dumping = false;
      for (const [code, changes] of byCode) if (changes.length !== 1) throw new Error(`no initial value of ${code}`);
    } else {
      const changes = byCode.get(token.slice(1));
      if (changes === undefined || !/^[01xz]/.test(token) || timeMs < 0) throw new Error(`no change: ${token}`);
      changes.push({ timeMs, value: token.charAt(0) });
    }
  }
  return { timescale, signals, endMs: timeMs };
}
