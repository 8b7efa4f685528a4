// The open protocol std-1: derivation, sealing and pairing codes, with Web
// Crypto only. The salts are the protocol's, letter for letter.

import { base64, below, hex, random, unbase64, utf8 } from "./bytes";
import type { Box, Engine } from "./engine";
import { digits } from "./phone";

const iterations = 600_000;
const ivBytes = 12;
const tagBytes = 16;
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const year = "-v1-2026";

const hash = async (...parts: string[]): Promise<string> =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(parts.join(":")))));

const accessHash = (number: string, pin: string): Promise<string> => hash(number, pin, "stelegano-access" + year);

/** The key of a room. It can't be taken out of the browser's key store again. */
export const deriveKey = async (number: string, roomId: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: utf8(roomId + "stelegano-enc" + year), iterations },
    await crypto.subtle.importKey("raw", utf8(number), "PBKDF2", false, ["deriveKey"]),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );

/** Seals and opens with a room's key. */
export const keyBox = (key: CryptoKey): Box => ({
  async seal(text) {
    const iv = random(ivBytes);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8(text));
    return { ciphertext: base64(new Uint8Array(sealed)), iv: base64(iv) };
  },
  async open({ ciphertext, iv }) {
    const bytes = unbase64(ciphertext);
    const nonce = unbase64(iv);
    if (!bytes || nonce?.length !== ivBytes) return null;
    try {
      const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, bytes);
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    } catch {
      return null;
    }
  },
});

/** The canonical form of a pairing code: upper case, nothing outside the alphabet. */
export const canonicalRef = (ref: string): string => ref.toUpperCase().replace(/[^0-9A-HJKMNP-TV-Z]/g, "");

export const std1: Engine = {
  maxBytes: 8192 - tagBytes,

  newRef() {
    const code = Array.from({ length: 8 }, () => alphabet.charAt(below(32))).join("");
    return code.slice(0, 4) + "-" + code.slice(4);
  },

  async gate(ref) {
    return { otp_hash: await hash(canonicalRef(ref)) };
  },

  async identify(phone, pin) {
    const number = digits(phone);
    const room = await hash(number, "stelegano-room" + year);
    const access = await accessHash(number, pin);
    const sender = await hash(number, access, room, "stelegano-sender" + year);
    return {
      path: `room/${room}/ws`,
      author: sender,
      credentials: { sender_hash: sender, access_hash: access },
      isPin: async (other) => (await accessHash(number, other)) === access,
      unlock: async (answer) => keyBox(await deriveKey(number, String(answer.room_id))),
    };
  },
};
