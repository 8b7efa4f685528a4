// The place of X-Wing taken by what costs nothing, and that of Web Crypto by what
// costs less, for histories by the thousand.

import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { concat, type Bytes } from "../src/blind/kdf";
import { encBytes, publicBytes, type Kem } from "../src/blind/xwing";

export const sha = (...parts: Uint8Array[]): Bytes => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

const padded = (bytes: Uint8Array, size: number): Bytes => concat(bytes, new Uint8Array(size - bytes.length));

/** A key encapsulation that costs nothing, and hides nothing from who knows how it is made. */
export const cheap: Kem = {
  publicKey: (seed) => Promise.resolve(padded(sha(seed), publicBytes)),
  encapsulate: (pk, coins) => Promise.resolve({ enc: padded(coins, encBytes), shared: sha(pk, coins) }),
  decapsulate: (seed, enc) => Promise.resolve(sha(padded(sha(seed), publicBytes), enc.subarray(0, 64))),
};

const tagBytes = 16;
interface Gcm { iv: Uint8Array; additionalData: Uint8Array }

/**
 * Web Crypto hands every small thing to another thread, and that is most of what
 * a history takes. These are the same bytes at once; blind.test.ts holds the real one.
 */
Object.assign(crypto.subtle, {
  importKey: (_: string, bytes: Uint8Array) => Promise.resolve(bytes.slice()),
  digest: (_: string, bytes: Uint8Array) => Promise.resolve(sha(bytes)),
  deriveBits: ({ salt, info }: { salt: Uint8Array; info: Uint8Array }, key: Uint8Array, bits: number) =>
    Promise.resolve(hkdfSync("sha256", key, salt, info, bits / 8)),
  encrypt({ iv, additionalData }: Gcm, key: Uint8Array, plain: Uint8Array) {
    const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(additionalData);
    return Promise.resolve(concat(cipher.update(plain), cipher.final(), cipher.getAuthTag()));
  },
  // eslint-disable-next-line @typescript-eslint/require-await
  async decrypt({ iv, additionalData }: Gcm, key: Uint8Array, sealed: Uint8Array) {
    const end = sealed.length - tagBytes;
    const cipher = createDecipheriv("aes-256-gcm", key, iv).setAAD(additionalData).setAuthTag(sealed.subarray(end));
    return concat(cipher.update(sealed.subarray(0, end)), cipher.final());
  },
});
