import type { Settings } from "../link/settings.js";
import { CONFIG_BYTES } from "../metrology/config.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const FILTERS = ["edge", "pulse", "counter"];
const POINT = 33;

/** A metrology configuration record (PROTOCOL.md, "Configuration record") by field. */
function describeMeter(record: Uint8Array): [string, string][] {
  if (record.length !== CONFIG_BYTES) return [["meter", `${record.length} bytes, which is no record`]];
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const u32 = (at: number): number => view.getUint32(at, true);
  const text = (at: number): string =>
    Buffer.from(record.subarray(at, at + 24))
      .toString("latin1")
      .replace(/\0+$/, "");
  return [
    ["serial", text(40)],
    ["vendor, model", `${text(64)}, ${text(88)}`],
    ["meter constant", `${u32(4)} imp/kWh`],
    ["interval", `${u32(8)} s`],
    ["a power cut may lose", `${u32(12)} ms, ${u32(16)} Wh`],
    ["rating", `${u32(36)} W`],
    ["inputs", [20, 28].map((at) => FILTERS[view.getUint8(at)] ?? "unknown").join(", ")],
  ];
}

function describePeers(peers: Uint8Array): [string, string][] {
  return Array.from({ length: Math.floor(peers.length / POINT) }, (_, i) => {
    const id = hex(peers.subarray(i * POINT, (i + 1) * POINT));
    return [`peer on link ${i + 1}`, /^0+$/.test(id) ? "calls" : `called: ${id}`];
  });
}

/** A board's settings by name, for people. */
export function describeSettings(settings: Settings): [string, string][] {
  const rows: [string, string][] = [
    ["sealed", (settings.sealed?.[0] ?? 0) === 0 ? "no" : "yes"],
    ["mode", (settings.mode?.[0] ?? 0) === 0 ? "driven" : "free"],
  ];
  rows.push(
    ...(settings.metrology === undefined
      ? [["meter", "not set up"] as [string, string]]
      : describeMeter(settings.metrology)),
  );
  rows.push(["node's boot record", settings.node === undefined ? "none" : `${settings.node.length} bytes`]);
  rows.push(...describePeers(settings.peers ?? new Uint8Array()));
  return rows;
}
