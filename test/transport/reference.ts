import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

const EMPTY = new Uint8Array(0);
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "ascii"));

/** One direction of the cipher: key, chaining key, nonce. */
class Direction {
  private nonce = 0;

  constructor(
    private chain: Uint8Array,
    private key: Uint8Array,
  ) {}

  seal(text: Uint8Array): Uint8Array {
    return this.use((cipher) => cipher.encrypt(text));
  }

  open(sealed: Uint8Array): Uint8Array {
    return this.use((cipher) => cipher.decrypt(sealed));
  }

  private use(work: (cipher: ReturnType<typeof chacha20poly1305>) => Uint8Array): Uint8Array {
    const number = new Uint8Array(12);
    new DataView(number.buffer).setUint32(4, this.nonce, true);
    const done = work(chacha20poly1305(this.key, number, EMPTY));
    if (++this.nonce === 1000) {
      const okm = hkdf(sha256, this.key, this.chain, EMPTY, 64);
      [this.chain, this.key, this.nonce] = [okm.slice(0, 32), okm.slice(32), 0];
    }
    return done;
  }
}

/**
 * BOLT 8 once more, straight from its text on an independent library: the other end in tests. Throws where something
 * does not hold.
 */
export class ReferencePeer {
  readonly publicKey: Uint8Array;
  private hash: Uint8Array;
  private chain: Uint8Array;
  private temporary: Uint8Array = EMPTY;
  private theirs: Uint8Array = EMPTY;
  private out: Direction | undefined;
  private in: Direction | undefined;

  /** @param responder static key of the responder, of either side */
  constructor(
    private readonly key: Uint8Array,
    private readonly ephemeral: Uint8Array,
    private readonly responder: Uint8Array,
  ) {
    this.publicKey = secp256k1.getPublicKey(key, true);
    this.chain = sha256(ascii("Noise_XK_secp256k1_ChaChaPoly_SHA256"));
    this.hash = sha256(join(sha256(join(this.chain, ascii("lightning"))), responder));
  }

  actOne(): Uint8Array {
    return this.writeAct(this.responder);
  }

  actTwo(actOne: Uint8Array): Uint8Array {
    this.readAct(actOne, this.key);
    return this.writeAct(this.theirs);
  }

  actThree(actTwo: Uint8Array): Uint8Array {
    this.readAct(actTwo, this.ephemeral);
    const own = this.cipher(1).encrypt(this.publicKey);
    this.mixHash(own);
    this.mixKey(this.key, this.theirs);
    const tag = this.cipher(0).encrypt(EMPTY);
    [this.out, this.in] = this.directions();
    return join(new Uint8Array(1), own, tag);
  }

  /** The initiator's static key. */
  finish(actThree: Uint8Array): Uint8Array {
    const sealed = actThree.slice(1, 50);
    const remote = this.cipher(1).decrypt(sealed);
    this.mixHash(sealed);
    this.mixKey(this.ephemeral, remote);
    this.cipher(0).decrypt(actThree.slice(50));
    [this.in, this.out] = this.directions();
    return remote;
  }

  /** A frame, of any length that BOLT 8 allows. */
  seal(message: Uint8Array): Uint8Array {
    if (this.out === undefined) throw new Error("no handshake yet");
    return join(this.out.seal(Uint8Array.of(message.length >> 8, message.length & 255)), this.out.seal(message));
  }

  /** The message of one whole frame. */
  open(frame: Uint8Array): Uint8Array {
    if (this.in === undefined) throw new Error("no handshake yet");
    const [high = 0, low = 0] = this.in.open(frame.slice(0, 18));
    if (frame.length !== 18 + high * 256 + low + 16) throw new Error("the length is not the frame's");
    return this.in.open(frame.slice(18));
  }

  private writeAct(point: Uint8Array): Uint8Array {
    const own = secp256k1.getPublicKey(this.ephemeral, true);
    this.mixHash(own);
    this.mixKey(this.ephemeral, point);
    const tag = this.cipher(0).encrypt(EMPTY);
    this.mixHash(tag);
    return join(new Uint8Array(1), own, tag);
  }

  private readAct(act: Uint8Array, key: Uint8Array): void {
    if (act.length !== 50 || act[0] !== 0) throw new Error("not an act of version 0");
    this.theirs = act.slice(1, 34);
    this.mixHash(this.theirs);
    this.mixKey(key, this.theirs);
    this.cipher(0).decrypt(act.slice(34));
    this.mixHash(act.slice(34));
  }

  private mixHash(data: Uint8Array): void {
    this.hash = sha256(join(this.hash, data));
  }

  private mixKey(key: Uint8Array, point: Uint8Array): void {
    const okm = hkdf(sha256, sha256(secp256k1.getSharedSecret(key, point, true)), this.chain, EMPTY, 64);
    [this.chain, this.temporary] = [okm.slice(0, 32), okm.slice(32)];
  }

  private cipher(nonce: number): ReturnType<typeof chacha20poly1305> {
    return chacha20poly1305(this.temporary, Uint8Array.of(0, 0, 0, 0, nonce, 0, 0, 0, 0, 0, 0, 0), this.hash);
  }

  private directions(): [Direction, Direction] {
    const okm = hkdf(sha256, EMPTY, this.chain, EMPTY, 64);
    return [new Direction(this.chain, okm.slice(0, 32)), new Direction(this.chain, okm.slice(32))];
  }
}
