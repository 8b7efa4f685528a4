// The engine of sotto-2: what a code and a PIN are to the relay, and the keys
// of one page, asked one thing after another.

import { base64, below, hex, random, unbase64 } from "../bytes";
import type { Data, Engine, Identity, Keyring } from "../engine";
import type { Event, KeyCommand } from "../session/state";
import { complete, findCode } from "./code";
import { idBytes, maxText } from "./formats";
import { accessHash, gateHash, lifeOf, roomHash, secretOf, type Bytes } from "./kdf";
import {
  accept, canSeal, compare, drop, Fault, greet, hear, mustGreet, mustSealAnew, seal, take, type Notice, type Suite,
} from "./keys";
import { newPage, overwrite, type PageKeys } from "./state";
import { xwing } from "./xwing";

const suite: Suite = { kem: xwing, random };
const hashBytes = 32;

const string = (value: unknown): string => (typeof value === "string" ? value : "");

/** The bytes of hex digits. */
const unhex = (text: string): Bytes => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The bytes of base64 as it came from the relay. */
const bytesOf = (value: unknown): Bytes => {
  const bytes = unbase64(string(value));
  if (!bytes) throw new Fault();
  return bytes;
};

/** The keys of one page in one life of a room. */
export const keyring = (start: PageKeys, now: () => number, with_: Suite = suite): Keyring => {
  let keys: PageKeys | null = start;

  const put = (next: PageKeys | null): void => {
    if (keys) overwrite(keys, next);
    keys = next;
  };

  const told = (notes: readonly Notice[], accepted = "", late = ""): Event[] =>
    keys
      ? [{
          type: "keys", notes, accepted, late,
          keys: { canSeal: canSeal(keys), mustGreet: mustGreet(keys), mustSealAnew: mustSealAnew(keys) },
        }]
      : [];

  const lookAt = async (s: PageKeys, message: Data | null, joining: boolean): Promise<Event[]> => {
    const iv = string(message?.iv);
    const taken = await take(with_, s, message && {
      id: string(message.id),
      sender: unhex(string(message.sender_hash)),
      iv: bytesOf(iv),
      message: bytesOf(message.ciphertext),
    }, joining);
    put(taken.keys);
    const { seen, notices, accepted, late } = taken;
    const { kind, text = null, left, sent = 0 } = seen ?? {};
    const lock = kind === "locked" || kind === "elsewhere" ? kind : left ? "left" : "sealed";
    // What became of a job comes first: it decides what is in the composer.
    return [
      ...told(notices, accepted, late),
      ...(seen ? [{ type: "opened" as const, iv, text, lock, empty: kind === "empty", sent: sent * 1000 } satisfies Event] : []),
    ];
  };

  return {
    async run(command: KeyCommand): Promise<Event[]> {
      if (!keys) return [];
      switch (command.do) {
        case "greet":
          put(await greet(with_, keys));
          return [{ type: "hello", hello: base64(keys.hello?.bytes ?? new Uint8Array(0)) }, ...told([])];
        case "hear": {
          const heard = await hear(keys, bytesOf(command.hello));
          put(heard.keys);
          return told(heard.notices);
        }
        case "take":
          return lookAt(keys, command.message, command.joining);
        case "seal": {
          const { nonce, text, how } = command;
          const sealed = how && (await seal(with_, keys, { nonce, text, ...how, sent: Math.floor(now() / 1000) }));
          if (!sealed) return [{ type: "sealed", nonce, sealed: null }];
          put(sealed.keys);
          const { message, iv, notices } = sealed;
          return [{ type: "sealed", nonce, sealed: { ciphertext: base64(message), iv: base64(iv) } }, ...told(notices)];
        }
        case "accept": {
          const { keys: after, notices } = accept(keys, command.nonce, command.id);
          put(after);
          return told(notices);
        }
        case "drop":
          put(drop(keys, command.nonce, command.gone));
          return told([]);
        case "open":
          return [];
      }
    },
    compare: async () => (keys ? compare(keys) : ""),
    forget() {
      put(null);
    },
  };
};

/** A new code. */
export const newCode = (): string => complete(Array.from({ length: 24 }, () => below(10)).join(""));

// Derived while the PIN is typed; given up with the form, or when it is used.
let last: { readonly code: string; readonly secret: Promise<Bytes> } | undefined;

/** Begins to derive what comes from a code. */
export const prepare = (code: string): Promise<Bytes> => {
  if (last?.code !== code) last = { code, secret: secretOf(code) };
  return last.secret;
};

/** Lets go of what was derived and is not in use. */
export const unprepare = (): void => {
  last = undefined;
};

export const blind: Engine = {
  maxBytes: maxText,

  async identify(card, pin): Promise<Identity> {
    const deriving = prepare(findCode(card) ?? "");
    // One that failed is not asked again.
    unprepare();
    const secret = await deriving;
    const access = await accessHash(secret, pin);
    return {
      path: `room/${await roomHash(secret)}/ws`,
      author: "",
      credentials: { sender_hash: hex(random(hashBytes)), access_hash: access },
      blind: { otp_hash: await gateHash(secret) },
      isPin: async (other) => (await accessHash(secret, other)) === access,
      forget: () => secret.fill(0),
      unlock: async (answer) =>
        keyring(newPage(await lifeOf(secret, string(answer.room_id)), random(idBytes), unhex(string(answer.sender_hash))), Date.now),
    };
  },
};
