// Figures of a board's MAP operation, as tables.

import type { MemoryMap } from "../link/board_client.js";

/** One line of a table: bytes as used, and with every function of the module compiled. */
export interface Figure {
  readonly name: string;
  readonly lazy: number;
  readonly full: number;
}

export const total = (figures: readonly Figure[], column: "lazy" | "full"): number =>
  figures.reduce((sum, figure) => sum + figure[column], 0);

export const valueOf = (map: MemoryMap, name: string): number => {
  const value = map.get(name);
  if (value === undefined) throw new Error(`the board reports no figure "${name}"`);
  return value;
};

/** Lines of sums of the map's own figures. */
export function figures(
  lazy: MemoryMap,
  full: MemoryMap,
  names: Readonly<Record<string, readonly string[]>>,
): Figure[] {
  const sum = (map: MemoryMap, parts: readonly string[]): number =>
    parts.reduce((bytes, part) => bytes + valueOf(map, part), 0);
  return Object.entries(names).map(([name, parts]) => ({ name, lazy: sum(lazy, parts), full: sum(full, parts) }));
}

/** Cost of the last call: gas, and instructions of the board's CPU, which it counts under `-icount`. */
export const callFigures = (map: MemoryMap): { readonly gas: number; readonly instructions: number } => ({
  gas: valueOf(map, "call_gas"),
  instructions: valueOf(map, "call_cycles"),
});

export const number = (value: number, width: number): string => value.toLocaleString("en-US").padStart(width);

export const table = (title: string, lines: readonly Figure[]): string[] => [
  `${title.padEnd(24)}${"as used".padStart(12)}${"all compiled".padStart(14)}`,
  ...[...lines, { name: "total", lazy: total(lines, "lazy"), full: total(lines, "full") }].map(
    ({ name, lazy, full }) => `  ${name.padEnd(22)}${number(lazy, 12)}  ${number(full, 12)}`,
  ),
  "",
];
