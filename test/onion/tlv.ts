// TLV streams of payloads, put together by hand.

/** BigSize of any number of 64 bits. */
export function bigsize(value: bigint): Uint8Array {
  const [width, prefix] =
    value < 0xfdn ? [1, -1] : value < 0x10000n ? [2, 0xfd] : value < 0x100000000n ? [4, 0xfe] : [8, 0xff];
  const body = Uint8Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * (width - 1 - i))) & 255n));
  return prefix < 0 ? body : Uint8Array.from([prefix, ...body]);
}

export interface Tlv {
  readonly type: bigint;
  readonly value: Uint8Array;
}

export const encodeTlv = ({ type, value }: Tlv): Uint8Array =>
  Uint8Array.from([...bigsize(type), ...bigsize(BigInt(value.length)), ...value]);

export const encodeTlvs = (tlvs: readonly Tlv[]): Uint8Array =>
  Uint8Array.from(tlvs.flatMap((tlv) => [...encodeTlv(tlv)]));

/** Where in the stream the `index`-th of them begins. */
export const offsetOf = (tlvs: readonly Tlv[], index: number): number => encodeTlvs(tlvs.slice(0, index)).length;
