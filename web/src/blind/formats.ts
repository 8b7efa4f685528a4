// The bytes of sotto-2: hello, header, body, message. There is no negotiation:
// whatever has another version, size, type or flag is nothing.

import { utf8 } from "../bytes";
import type { Content, Voice } from "../session/state";
import { concat, kdf, sha256, type Bytes } from "./kdf";
import { encBytes, publicBytes, type Kem } from "./xwing";

const version = 2;
const suite = 1;
const helloType = 3;
export const sealedType = 1;
export const leftType = 2;

export const idBytes = 8;
export const ivBytes = 12;
export const encSize = encBytes;
const prefix = 4;
const hashBytes = 32;
const tagBytes = 16;
const helloBytes = prefix + idBytes + hashBytes + publicBytes;
export const headerBytes = prefix + 2 * idBytes + encBytes + publicBytes;

/** Sizes of a body: two of a text, the others of a voice note. The smallest that fits is used. */
const bodySizes = [1724, 5820, 14_012, 30_396, 63_164];
const bodyHead = 15;
/** Before a voice note's media type come its length in ms and that of the type. */
const voiceHead = 5;
/** Most bytes of text. */
export const maxText = 5805;

/** The first bytes of the hash of a public key: its name. */
export const keyId = async (pk: Bytes): Promise<Bytes> => (await sha256(pk)).slice(0, idBytes);

const starts = (bytes: Bytes, type: number): boolean =>
  bytes[0] === version && bytes[1] === suite && bytes[2] === type && bytes[3] === 0;

/** Compares in constant time. */
export const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.reduce((diff, byte, i) => diff | (byte ^ (b[i] ?? 0)), 0) === 0;

export interface Hello {
  readonly page: Bytes;
  readonly sender: Bytes;
  readonly pk: Bytes;
}

const helloMac = async (life: Bytes, said: Bytes): Promise<Bytes> => kdf(life, "hello", await sha256(said), hashBytes);

export const makeHello = async (life: Bytes, { page, sender, pk }: Hello): Promise<Bytes> => {
  const said = concat(Uint8Array.of(version, suite, helloType, 0), page, sender, pk);
  return concat(said, await helloMac(life, said));
};

/** What a hello says, or undefined if nobody with the code has said it. */
export const readHello = async (life: Bytes, bytes: Bytes): Promise<Hello | undefined> => {
  if (bytes.length !== helloBytes + hashBytes || !starts(bytes, helloType)) return undefined;
  const said = bytes.slice(0, helloBytes);
  if (!same(await helloMac(life, said), bytes.subarray(helloBytes))) return undefined;
  const at = prefix + idBytes + hashBytes;
  return { page: said.slice(prefix, prefix + idBytes), sender: said.slice(prefix + idBytes, at), pk: said.slice(at) };
};

export interface Header {
  readonly bytes: Bytes;
  readonly type: typeof sealedType | typeof leftType;
  readonly page: Bytes;
  readonly to: Bytes;
  readonly enc: Bytes;
  readonly next: Bytes;
}

/** Parts of a header. What is left for somebody absent has an empty enc. */
export const makeHeader = (type: Header["type"], page: Bytes, to: Bytes, enc: Bytes, next: Bytes): Header => ({
  bytes: concat(Uint8Array.of(version, suite, type, 0), page, to, enc, next), type, page, to, enc, next,
});

export const readHeader = (message: Bytes): Header | undefined => {
  const bytes = message.slice(0, headerBytes);
  const body = message.length - headerBytes - tagBytes;
  if (!bodySizes.includes(body)) return undefined;
  const type = starts(bytes, sealedType) ? sealedType : starts(bytes, leftType) ? leftType : undefined;
  if (!type) return undefined;
  const cut = (from: number, size: number): Bytes => bytes.slice(from, from + size);
  const page = cut(prefix, idBytes);
  const to = cut(prefix + idBytes, idBytes);
  const enc = cut(prefix + 2 * idBytes, encBytes);
  const next = cut(prefix + 2 * idBytes + encBytes, publicBytes);
  if (type === leftType && enc.some((byte) => byte)) return undefined;
  return { bytes, type, page, to, enc, next };
};

/** The chain value and the key of one message. */
export interface Keys {
  readonly c: Bytes;
  readonly k: Bytes;
}

const context = (sender: Bytes, header: Header): Promise<Bytes> => sha256(concat(sender, header.bytes));

/** Keys of a sealed message: `chain` belongs to the public key it is sealed to. */
const sealedKeys = async (chain: Bytes, shared: Bytes, sender: Bytes, header: Header): Promise<Keys> => {
  const both = await kdf(concat(chain, shared), "step", await context(sender, header), 64);
  return { c: both.slice(0, 32), k: both.slice(32) };
};

/** The chain value after a left message, if `chain`, that of the key it names, is known. */
export const leftChain = async (chain: Bytes, sender: Bytes, header: Header): Promise<Bytes> =>
  kdf(chain, "leave", await context(sender, header), 32);

/** The key of a left message: the card alone opens it. */
export const leftKey = async (life: Bytes, sender: Bytes, header: Header): Promise<Bytes> =>
  kdf(life, "left", await context(sender, header), 32);

/** A key of the other page, with the chain value that belongs to it. */
export interface Target {
  readonly pk: Bytes;
  readonly c: Bytes;
}

/** Header and keys of a message sealed to a key; undefined if nothing can be sealed to it. */
export const sealTo = async (kem: Kem, target: Target, sender: Bytes, page: Bytes, next: Bytes, coins: Bytes): Promise<(Keys & { header: Header }) | undefined> => {
  const secret = await kem.encapsulate(target.pk, coins);
  if (!secret) return undefined;
  const header = makeHeader(sealedType, page, await keyId(target.pk), secret.enc, next);
  return { header, ...(await sealedKeys(target.c, secret.shared, sender, header)) };
};

/** Keys of a message sealed to one's own seed; undefined if it can't be. */
export const keysOf = async (kem: Kem, seed: Bytes, chain: Bytes, sender: Bytes, header: Header): Promise<Keys | undefined> => {
  const shared = await kem.decapsulate(seed, header.enc);
  return shared && sealedKeys(chain, shared, sender, header);
};

const textKind = 1;
const voiceKind = 2;

export interface Body {
  /** It stands for a deleted message. */
  readonly empty: boolean;
  /** First bytes of the iv that is answered, or zeros. */
  readonly ack: Bytes;
  /** Seconds since 1970 by the writer's clock. */
  readonly sent: number;
  readonly text: Content;
}

const payload = (text: Content): Bytes => {
  if (typeof text === "string") return utf8(text);
  const type = utf8(text.type);
  const raw = concat(new Uint8Array(voiceHead), type, text.data);
  new DataView(raw.buffer).setUint32(0, text.ms);
  raw[voiceHead - 1] = type.length;
  return raw;
};

/** The size of a body with so many bytes in it. */
const sizeFor = (kind: number, end: number): number | undefined => bodySizes.find((size, i) => end <= size && i > 1 === (kind === voiceKind));

const padded = ({ empty, ack, sent, text }: Body): Bytes | undefined => {
  const kind = empty ? 0 : typeof text === "string" ? textKind : voiceKind;
  const raw = payload(text);
  const size = sizeFor(kind, bodyHead + raw.length);
  if (!size) return undefined;
  const body = new Uint8Array(size);
  const view = new DataView(body.buffer);
  view.setUint8(0, kind);
  body.set(ack, 1);
  view.setUint32(9, sent);
  view.setUint16(13, raw.length);
  body.set(raw, bodyHead);
  return body;
};

const readBody = (body: Bytes): Body | undefined => {
  const view = new DataView(body.buffer);
  const kind = view.getUint8(0);
  const end = bodyHead + view.getUint16(13);
  if (kind > voiceKind || (!kind && end > bodyHead) || sizeFor(kind, end) !== body.length || body.subarray(end).some((byte) => byte)) return undefined;
  const raw = body.slice(bodyHead, end);
  const text = kind === voiceKind ? readVoice(raw) : readText(raw);
  return text === undefined ? text : { empty: !kind, ack: body.slice(1, 9), sent: view.getUint32(9), text };
};

const readText = (raw: Bytes): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return undefined;
  }
};

const readVoice = (raw: Bytes): Voice | undefined => {
  const at = voiceHead + (raw[voiceHead - 1] ?? 0);
  const type = String.fromCharCode(...raw.subarray(voiceHead, at));
  return at <= raw.length && /^[ -~]+$/.test(type) ? { ms: new DataView(raw.buffer).getUint32(0), type, data: raw.slice(at) } : undefined;
};

const gcm = (k: Bytes, use: "encrypt" | "decrypt"): Promise<CryptoKey> => crypto.subtle.importKey("raw", k, "AES-GCM", false, [use]);

/** The whole message; undefined if the text is too long. */
export const sealMessage = async (k: Bytes, iv: Bytes, header: Header, body: Body): Promise<Bytes | undefined> => {
  const plain = padded(body);
  if (!plain) return undefined;
  const how = { name: "AES-GCM", iv, additionalData: header.bytes };
  return concat(header.bytes, new Uint8Array(await crypto.subtle.encrypt(how, await gcm(k, "encrypt"), plain)));
};

/** What a message says; undefined if the key does not open it or what it says is malformed. */
export const openMessage = async (k: Bytes, iv: Bytes, header: Header, message: Bytes): Promise<Body | undefined> => {
  const how = { name: "AES-GCM", iv, additionalData: header.bytes };
  try {
    const plain = await crypto.subtle.decrypt(how, await gcm(k, "decrypt"), message.subarray(headerBytes));
    return readBody(new Uint8Array(plain));
  } catch {
    return undefined;
  }
};

/** The digits that two people compare: equal if nobody sits between. */
export const checkDigits = async (c: Bytes): Promise<string> => {
  const bytes = await kdf(c, "check", new Uint8Array(0), 8);
  return new DataView(bytes.buffer).getBigUint64(0).toString().padStart(20, "0");
};
