// What is derived in sotto-2, with Web Crypto only.

import { hex, utf8 } from "../bytes";

export type Bytes = Uint8Array<ArrayBuffer>;

export const concat = (...parts: Uint8Array[]): Bytes => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

export const sha256 = async (bytes: Bytes): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const none = new Uint8Array(0);

/** HKDF-SHA256 of `ikm` without salt, for one purpose and its context. */
export const kdf = async (ikm: Bytes, label: string, context: Uint8Array, bytes: number): Promise<Bytes> => {
  const key = await crypto.subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
  const info = concat(utf8("sotto-2 " + label + "\0"), context);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: none, info }, key, bytes * 8));
};

/** K, the secret of a code. Slow by design, as in std-1: up to a second on a cheap phone. */
export const secretOf = async (code: string): Promise<Bytes> => {
  const key = await crypto.subtle.importKey("raw", utf8(code), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: utf8("sotto-2 code"), iterations: 600_000 };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
};

const hash = async (secret: Bytes, label: string, context: string): Promise<string> => hex(await kdf(secret, label, utf8(context), 32));

export const roomHash = (secret: Bytes): Promise<string> => hash(secret, "room", "");
export const accessHash = (secret: Bytes, pin: string): Promise<string> => hash(secret, "access", pin);
export const gateHash = (secret: Bytes): Promise<string> => hash(secret, "gate", "");

/** R, the key of one life of the room. */
export const lifeOf = (secret: Bytes, roomId: string): Promise<Bytes> => kdf(secret, "life", utf8(roomId), 32);
