/** A block of registers: where it begins and how long it is. */
interface Block {
  readonly name: string;
  readonly from: number;
  readonly bytes: number;
}

/** Where the ESP32-C6 has the peripherals that the board uses: its technical reference manual, by name of the block. */
export const MMIO_BLOCKS: readonly Block[] = (
  [
    ["PLIC_MX", 0x20001000, 0x94],
    ["UART0", 0x60000000, 0xa0],
    ["UART1", 0x60001000, 0xa0],
    ["SPI_MEM", 0x60002000, 0x400],
    ["TIMG0", 0x60008000, 0x100],
    ["SYSTIMER", 0x6000a000, 0x90],
    ["USB_DEVICE", 0x6000f000, 0x70],
    ["INTERRUPT_CORE0", 0x60010000, 0x148],
    ["PCNT", 0x60012000, 0x68],
    ["IO_MUX", 0x60090000, 0x88],
    ["GPIO", 0x60091000, 0x6fc],
    ["PCR", 0x60096000, 0x14c],
    ["LP_CLKRST", 0x600b0400, 0x34],
    ["EFUSE", 0x600b0800, 0x1d0],
    ["LP_AON", 0x600b1000, 0x5c],
    ["LP_WDT", 0x600b1c00, 0x38],
    ["LP_PERI", 0x600b2800, 0x28],
    ["LP_ANA", 0x600b2c00, 0x34],
  ] as const
).map(([name, from, bytes]) => ({ name, from, bytes }));

/** The largest number that the board gives a register macro with a parameter of this name. */
const LARGEST: Readonly<Record<string, number>> = { n: 1, unit: 1, line: 31, pad: 30, signal: 127, base: 0x60001000 };

interface Register {
  readonly name: string;
  readonly address: number;
}

/** Every register that a header names, with its address: the sums of products that such headers consist of. */
export function registerAddresses(header: string): Register[] {
  const bases = new Map(MMIO_BLOCKS.map(({ name, from }) => [name, from]));
  const found: Register[] = [];
  for (const [, name = "", parameter, text = ""] of header.matchAll(/^#define (\w+)(?:\((\w+)\))? \((.*\+ .*)\)/gm)) {
    const operands = text.split(/[+*]/).map((part) => part.trim().replace(/[()]/g, ""));
    if (!operands.some((operand) => bases.has(operand) || operand === "base")) continue;
    for (const argument of parameter === undefined
      ? [0]
      : [parameter === "base" ? 0x60000000 : 0, LARGEST[parameter]]) {
      const value = (operand: string): number => {
        const bare = operand.trim().replace(/[()]/g, "");
        const known = bare === parameter ? argument : (bases.get(bare) ?? Number(bare.replace(/u$/, "")));
        if (known === undefined || Number.isNaN(known)) throw new Error(`${name}: what is ${operand}?`);
        return known;
      };
      const sum = text.split("+").reduce((total, term) => total + term.split("*").reduce((p, f) => p * value(f), 1), 0);
      found.push({ name, address: sum });
    }
  }
  // The bases themselves: the header must not have its own.
  for (const [, name = "", address] of header.matchAll(/^#define (\w+) (0x[26]00[0-9a-f]{5})u$/gm)) {
    if (bases.get(name) !== Number(address)) throw new Error(`${name} is not at ${address ?? ""}`);
    found.push({ name, address: Number(address) });
  }
  return found;
}
