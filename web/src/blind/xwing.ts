// X-Wing, the hybrid of ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem,
// HPKE's KEM 0x647a). X25519 is the browser's, the rest comes from noble: one
// browser engine has no ML-KEM and none has SHA-3.

import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { utf8 } from "../bytes";
import { concat, type Bytes } from "./kdf";

export const publicBytes = 1216;
export const encBytes = 1120;
const kemPublic = 1184;
const kemCipher = 1088;

/** A key encapsulation: X-Wing, or in tests one that costs nothing. */
export interface Kem {
  /** The public key of a seed of 32 bytes. */
  publicKey(seed: Bytes): Promise<Bytes>;
  /** A shared secret for a public key, with 64 random bytes; undefined if the key is none. */
  encapsulate(pk: Bytes, coins: Bytes): Promise<{ enc: Bytes; shared: Bytes } | undefined>;
  /** The shared secret in `enc` for the seed's key; undefined if there can be none. */
  decapsulate(seed: Bytes, enc: Bytes): Promise<Bytes | undefined>;
}

const label = /* @__PURE__ */ utf8("\\.//^\\");
/** What comes before the 32 bytes of a private key in PKCS #8. */
const pkcs8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);
const basePoint = Uint8Array.from({ length: 32 }, (_, i) => (i ? 0 : 9));

/**
 * X25519, or undefined where the result is all zeros: some engines refuse such
 * points and some do not.
 */
const x25519 = async (secret: Uint8Array, point: Uint8Array): Promise<Bytes | undefined> => {
  const name = "X25519";
  const own = await crypto.subtle.importKey("pkcs8", concat(pkcs8, secret), name, false, ["deriveBits"]);
  const other = await crypto.subtle.importKey("raw", concat(point), name, false, []);
  try {
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name, public: other }, own, 256));
    return shared.some((byte) => byte) ? shared : undefined;
  } catch {
    return undefined;
  }
};

const expand = (seed: Bytes) => {
  const all = shake256(seed, { dkLen: 96 });
  return { kem: ml_kem768.keygen(all.subarray(0, 64)), x: all.subarray(64) };
};

const publicOf = async (x: Uint8Array): Promise<Bytes> => {
  const point = await x25519(x, basePoint);
  if (!point) throw new Error("no X25519");
  return point;
};

const combine = (kem: Uint8Array, shared: Bytes, enc: Uint8Array, point: Uint8Array): Bytes =>
  concat(sha3_256(concat(kem, shared, enc.subarray(kemCipher), point, label)));

export const xwing: Kem = {
  async publicKey(seed) {
    const { kem, x } = expand(seed);
    return concat(kem.publicKey, await publicOf(x));
  },

  async encapsulate(pk, coins) {
    const point = pk.subarray(kemPublic);
    const x = coins.subarray(32);
    const own = await publicOf(x);
    const mix = await x25519(x, point);
    if (!mix) return undefined;
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(pk.subarray(0, kemPublic), coins.subarray(0, 32));
      const enc = concat(cipherText, own);
      return { enc, shared: combine(sharedSecret, mix, enc, point) };
    } catch {
      return undefined; // the key's numbers are not reduced
    }
  },

  async decapsulate(seed, enc) {
    const { kem, x } = expand(seed);
    const point = await publicOf(x);
    const mix = await x25519(x, enc.subarray(kemCipher));
    return mix && combine(ml_kem768.decapsulate(enc.subarray(0, kemCipher), kem.secretKey), mix, enc, point);
  },
};
