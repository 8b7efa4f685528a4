// The open protocol std-1: derivation, sealing and pairing codes, with Web
// Crypto only. The salts are the protocol's, letter for letter.

import { base64, below, hex, random, unbase64, utf8 } from "./bytes";
import type { Data, Engine, Keyring, Sealed } from "./engine";
import { digits } from "./phone";

const iterations = 600_000;
const ivBytes = 12;
const tagBytes = 16;
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const year = "-v1-2026";

const hash = async (...parts: string[]): Promise<string> =>
  hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(parts.join(":")))));

const accessHash = (number: string, pin: string): Promise<string> => hash(number, pin, "stelegano-access" + year);

/**
 * A key of a room. It can't be taken out of the browser's key store again. Slow
 * by design: up to a second and more on a cheap phone, without blocking the page.
 */
export const deriveKey = async (number: string, room: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt: utf8(room + "stelegano-enc" + year), iterations },
    await crypto.subtle.importKey("raw", utf8(number), "PBKDF2", false, ["deriveKey"]),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );

export const seal = async (key: CryptoKey, text: string): Promise<Sealed> => {
  const iv = random(ivBytes);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8(text));
  return { ciphertext: base64(new Uint8Array(sealed)), iv: base64(iv) };
};

/** The text, or null if it was not sealed with this key. */
export const open = async (key: CryptoKey, { ciphertext, iv }: Sealed): Promise<string | null> => {
  const bytes = unbase64(ciphertext);
  const nonce = unbase64(iv);
  if (!bytes || nonce?.length !== ivBytes) return null;
  try {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, bytes);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return null;
  }
};

/** The canonical form of a pairing code: upper case, nothing outside the alphabet. */
export const canonicalRef = (ref: string): string => ref.toUpperCase().replace(/[^0-9A-HJKMNP-TV-Z]/g, "");

/** A new pairing code, as shown to people. */
export const newRef = (): string => {
  const code = Array.from({ length: 8 }, () => alphabet.charAt(below(32))).join("");
  return code.slice(0, 4) + "-" + code.slice(4);
};

/** What a join says of a pairing code, in whatever spelling. */
export const gateOf = async (ref: string): Promise<Data> => ({ otp_hash: await hash(canonicalRef(ref)) });

export const std1: Engine = {
  maxBytes: 8192 - tagBytes,

  async identify(phone, pin) {
    const number = digits(phone);
    const room = await hash(number, "stelegano-room" + year);
    const access = await accessHash(number, pin);
    const sender = await hash(number, access, room, "stelegano-sender" + year);
    let derived: Promise<CryptoKey> | null = null;
    /** The key. Where a phone had no memory for it just now, the next one who asks tries again. */
    const key = (): Promise<CryptoKey> =>
      (derived ??= deriveKey(number, room).catch((error: unknown) => {
        derived = null;
        throw error;
      }));
    // It needs nothing of the relay's: so it is derived while the join waits.
    key().catch(() => undefined);
    return {
      path: `room/${room}/ws`,
      author: sender,
      credentials: { sender_hash: sender, access_hash: access },
      blind: null,
      isPin: async (other) => (await accessHash(number, other)) === access,
      forget: () => undefined, // what there is can't be taken out of the key store, nor overwritten
      unlock: (answer) => {
        // Clients that follow the protocol's text derive from the room's id.
        let other: Promise<CryptoKey> | undefined;
        return Promise.resolve({
          async run(command) {
            if (command.do === "seal") {
              const { nonce, text } = command;
              const sealed = typeof text === "string" ? await key().then((found) => seal(found, text)).catch(() => null) : null;
              return [{ type: "sealed", nonce, sealed }];
            }
            if (command.do !== "open") return [];
            const { sealed } = command;
            const text = await key()
              .then(async (found) => (await open(found, sealed))
                ?? (await open(await (other ??= deriveKey(number, String(answer.room_id))), sealed)))
              .catch(() => null);
            return [{ type: "opened", iv: sealed.iv, text }];
          },
          compare: () => Promise.resolve(""),
          forget: () => undefined,
        } satisfies Keyring);
      },
    };
  },
};
