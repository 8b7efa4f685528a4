// The open protocol std-1: derivation, sealing and pairing codes, with Web
// Crypto only. The salts are the protocol's, letter for letter.

import { base64, hex, random, unbase64, utf8 } from "./bytes";
import type { Box, Protocol } from "./engine";
import { digits } from "./phone";
import { canonicalRef } from "./ref";

const iterations = 600_000;
const ivBytes = 12;
const year = "-v1-2026";

const hash = async (...parts: string[]): Promise<string> =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(parts.join(":")))));

const accessHash = (number: string, pin: string): Promise<string> => hash(number, pin, "stelegano-access" + year);

/** A room's key, which can't be taken out of the browser's key store. `room`: its hash, or the id that old clients use. */
export const deriveKey = async (number: string, room: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: utf8(room + "stelegano-enc" + year), iterations },
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

/** Seals with the first box, opens with either. The second is derived only when the first does not open a text. */
const either = (first: Box, derive: () => Promise<Box>): Box => {
  let second: Promise<Box> | undefined;
  return {
    seal: (text) => first.seal(text),
    open: async (sealed) => (await first.open(sealed)) ?? (await (second ??= derive())).open(sealed),
  };
};

export const std1: Protocol = {
  async gate(ref) {
    return { otp_hash: await hash(canonicalRef(ref)) };
  },

  async identify(phone, pin) {
    const number = digits(phone);
    const room = await hash(number, "stelegano-room" + year);
    const access = await accessHash(number, pin);
    const sender = await hash(number, access, room, "stelegano-sender" + year);
    // Begun now: it takes as long as the relay's answer to a join.
    const key = deriveKey(number, room).then(keyBox);
    return {
      path: `room/${room}/ws`,
      author: sender,
      credentials: { sender_hash: sender, access_hash: access },
      isPin: async (other) => (await accessHash(number, other)) === access,
      unlock: async (answer) =>
        either(await key, async () => keyBox(await deriveKey(number, String(answer.room_id)))),
    };
  },
};
