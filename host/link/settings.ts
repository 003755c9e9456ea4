// What a board is set up for: boards/runtime/settings.h.

/** Numbers of the fields. */
export const SETTINGS = { sealed: 1, mode: 2, metrology: 3, node: 4, peers: 5, updateCounter: 6 } as const;
export type SettingName = keyof typeof SETTINGS;

/** What a board does by itself: boards/runtime/loop.h. */
export const MODES = { driven: 0, free: 1, stepped: 2 } as const;

/** Bytes of each field that is there. */
export type Settings = Partial<Readonly<Record<SettingName, Uint8Array>>>;

const NAMES = Object.keys(SETTINGS) as SettingName[];

export function encodeSettings(settings: Settings): Uint8Array {
  const fields = NAMES.flatMap((name) => {
    const bytes = settings[name];
    if (bytes === undefined) return [];
    return [Uint8Array.of(SETTINGS[name], bytes.length & 0xff, bytes.length >> 8), bytes];
  });
  return Uint8Array.from(Buffer.concat(fields));
}

export function decodeSettings(list: Uint8Array): Settings {
  const settings: Partial<Record<SettingName, Uint8Array>> = {};
  for (let at = 0; at < list.length;) {
    const name = NAMES.find((field) => SETTINGS[field] === list[at]);
    const length = (list[at + 1] ?? 0) | ((list[at + 2] ?? 0) << 8);
    if (name === undefined) throw new RangeError(`settings: field ${list[at]} is unknown`);
    settings[name] = list.slice(at + 3, at + 3 + length);
    at += 3 + length;
  }
  return settings;
}
