import secp256k1 from "secp256k1";

/** A text is no node id. */
export class NodeKeyError extends Error {
  override readonly name = "NodeKeyError";
}

/** A node id, 66 hexadecimal digits, as 33 bytes. Throws NodeKeyError: no point of the curve has that x. */
export function readNodeId(text: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(text, "hex"));
  if (bytes.length !== 33 || !secp256k1.publicKeyVerify(bytes))
    throw new NodeKeyError(`${text} is no point of the curve`);
  return bytes;
}
