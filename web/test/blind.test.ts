// sotto-2's bytes: the shared vectors, and what they don't say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js";
import { hex } from "../src/bytes";
import { complete, findCode, shown } from "../src/blind/code";
import { blind, prepare, unprepare } from "../src/blind/engine";
import {
  checkDigits, headerBytes, keysOf, leftChain, leftKey, makeHello, maxText, openMessage, readHeader, readHello,
  sealedType, sealMessage, sealTo,
} from "../src/blind/formats";
import { accessHash, gateHash, lifeOf, roomHash, secretOf, type Bytes } from "../src/blind/kdf";
import { xwing } from "../src/blind/xwing";

const unhex = (text: string): Bytes => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

const v = JSON.parse(readFileSync("../internal/vectors/blind.json", "utf8")) as {
  code: string; pin: string; room_id: string; k: string; room: string; access: string; gate: string; life: string;
  sender_a: string; sender_b: string; seeds: Record<"hb" | "a1" | "b1" | "a2", string>; hello_b: string; check: string;
  messages: { from: "A" | "B"; to: "" | "hb" | "a1" | "b1"; iv: string; message: string; c: string; k: string }[];
};

const life = unhex(v.life);
const senders = { A: unhex(v.sender_a), B: unhex(v.sender_b) };
const fill = (size: number, value: number): Bytes => new Uint8Array(size).fill(value);

void test("what is derived from a code", async () => {
  const secret = await secretOf(v.code);
  assert.equal(hex(secret), v.k);
  assert.equal(await roomHash(secret), v.room);
  assert.equal(await accessHash(secret, v.pin), v.access);
  assert.equal(await gateHash(secret), v.gate);
  assert.equal(hex(await lifeOf(secret, v.room_id)), v.life);
});

void test("an author's mark tells nothing of the PIN", async () => {
  const marks = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    const { author, credentials } = await blind.identify(v.code, v.pin);
    assert.equal(credentials.access_hash, v.access);
    assert.equal(author, "");
    marks.add(credentials.sender_hash);
  }
  assert.equal(marks.size, 3);
});

void test("what was derived while somebody typed is used once, or dropped with the form", async () => {
  const typed = prepare(v.code);
  assert.equal(prepare(v.code), typed, "derived once");
  unprepare();
  assert.notEqual(prepare(v.code), typed, "dropped");
  const prepared = prepare(v.code);
  await blind.identify(v.code, v.pin);
  assert.notEqual(prepare(v.code), prepared, "taken over by who opens");
  unprepare();
});

void test("a phone that can't derive just now tries again when it is asked again", async (t) => {
  t.mock.method(crypto.subtle, "deriveBits", () => Promise.reject(new Error("no memory")), { times: 1 });
  const prepared = prepare(v.code);
  await assert.rejects(blind.identify(v.code, v.pin), /no memory/);
  await assert.rejects(prepared, /no memory/);
  assert.equal((await blind.identify(v.code, v.pin)).credentials.access_hash, v.access);
});

void test("who forgets has nothing left to tell a PIN by", async () => {
  const identity = await blind.identify(`+44 7700 900123,,${shown(v.code)}`, v.pin);
  assert.equal(identity.path, `room/${v.room}/ws`);
  assert.equal(await identity.isPin(v.pin), true);
  identity.forget();
  assert.equal(await identity.isPin(v.pin), false);
});

void test("hello", async () => {
  const bytes = unhex(v.hello_b);
  const hello = await readHello(life, bytes);
  assert.ok(hello);
  assert.equal(hex(hello.sender), v.sender_b);
  assert.equal(hex(hello.pk), hex(await xwing.publicKey(unhex(v.seeds.hb))));
  assert.equal(hex(await makeHello(life, hello)), v.hello_b);
  for (let i = 0; i < bytes.length; i += i < 50 ? 1 : 61) {
    const other = bytes.slice();
    other[i]! ^= 1;
    assert.equal(await readHello(life, other), undefined, `byte ${i}`);
  }
  assert.equal(await readHello(life, bytes.slice(1)), undefined);
  assert.equal(await readHello(fill(32, 1), bytes), undefined);
});

void test("messages", async () => {
  const chains: Record<string, Bytes> = { hb: life };
  const bodies: string[] = [];
  for (const [i, m] of v.messages.entries()) {
    const message = unhex(m.message);
    const header = readHeader(message);
    assert.ok(header);
    const sender = senders[m.from];
    const chain = chains[m.to] ?? life;
    const keys = header.type === sealedType && m.to
      ? await keysOf(xwing, unhex(v.seeds[m.to]), chain, sender, header)
      : { c: await leftChain(chain, sender, header), k: await leftKey(life, sender, header) };
    assert.ok(keys);
    assert.equal(hex(keys.c), m.c, `c of ${i}`);
    assert.equal(hex(keys.k), m.k, `k of ${i}`);
    const body = await openMessage(keys.k, unhex(m.iv), header, message);
    assert.ok(body, `body of ${i}`);
    assert.equal(hex((await sealMessage(keys.k, unhex(m.iv), header, body)) ?? fill(0, 0)), m.message);
    for (const next of ["a1", "b1"] as const) {
      if (hex(header.next) === hex(await xwing.publicKey(unhex(v.seeds[next])))) chains[next] = keys.c;
    }
    if (i === 2) assert.equal(await checkDigits(keys.c), v.check);
    assert.ok(typeof body.text === "string");
    bodies.push(`${body.empty ? "empty" : "text"} ${body.text.length}`);
  }
  assert.deepEqual(bodies, ["text 16", "empty 0", "text 1710", "text 5805", "text 17"]);
});

void test("every other layout is nothing", async () => {
  const m = v.messages[0]!;
  const message = unhex(m.message);
  const header = readHeader(message)!;
  const iv = unhex(m.iv);
  const k = unhex(m.k);
  const flipped = (at: number): Bytes => message.map((byte, i) => (i === at ? byte ^ 0x80 : byte));
  for (const at of [0, 1, 2, 3]) assert.equal(readHeader(flipped(at)), undefined, `byte ${at}`);
  for (const size of [0, headerBytes, 4095, 4097, 8191, 8193, 16_384]) assert.equal(readHeader(fill(size, 2)), undefined, `${size} bytes`);
  const left = message.slice();
  left[2] = 2;
  assert.equal(readHeader(left), undefined, "a left message with an enc");
  for (const at of [4, 12, 20, headerBytes - 1, headerBytes, 4095]) {
    const other = flipped(at);
    assert.equal(await openMessage(k, iv, readHeader(other)!, other), undefined, `byte ${at}`);
  }
  assert.equal(await openMessage(k, fill(12, 0), header, message), undefined, "another iv");

  const body = { empty: false, ack: fill(8, 0), sent: 1, text: "words" } as const;
  const text = new Uint8Array(1724);
  text.set([1]);
  text.set([0, 5, 119, 111, 114, 100, 115], 13);
  const wrong = async (change: (plain: Bytes) => void, good = text): Promise<void> => {
    const plain = good.slice();
    change(plain);
    const key = await crypto.subtle.importKey("raw", k, "AES-GCM", false, ["encrypt"]);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: header.bytes }, key, plain);
    const whole = new Uint8Array([...header.bytes, ...new Uint8Array(sealed)]);
    assert.equal(await openMessage(k, iv, header, whole), undefined, String(change));
  };
  await assert.rejects(wrong(() => undefined), "the test's own body is a good one");
  await wrong((plain) => plain.fill(9, 0, 1));
  await wrong((plain) => plain.fill(0, 0, 1)); // empty, with a text
  await wrong((plain) => plain.fill(255, 13, 14)); // past the end
  await wrong((plain) => plain.fill(1, 1723)); // not padded with zeros
  await wrong((plain) => plain.fill(0xff, 15, 16)); // not UTF-8

  await wrong((plain) => plain.fill(2, 0, 1)); // a voice note of a text's size

  // 1.5 s of two bytes of "a".
  const voice = new Uint8Array(14_012);
  voice.set([2]);
  voice.set([0, 8, 0, 0, 5, 220, 1, 97, 8, 9], 13);
  await assert.rejects(wrong(() => undefined, voice), "the test's own voice note is a good one");
  await wrong((plain) => plain.fill(1, 0, 1), voice); // a text of a voice note's size
  await wrong((plain) => plain.fill(0, 14, 15), voice); // nothing in it
  await wrong((plain) => plain.fill(0, 19, 20), voice); // no media type
  await wrong((plain) => plain.fill(4, 19, 20), voice); // one past the end
  await wrong((plain) => plain.fill(10, 20, 21), voice); // one that can't be printed
  await wrong((plain) => plain.fill(128, 20, 21), voice); // nor is in ASCII
  for (const [bytes, size] of [[2, 16_384], [14_000, 32_768], [63_143, 65_536], [63_144, undefined]] as const) {
    const said = { ms: 30_000, type: "a", data: fill(bytes, 7) };
    const sealed = await sealMessage(k, iv, header, { ...body, text: said });
    assert.equal(sealed?.length, size, `${bytes} bytes`);
    if (sealed) assert.deepEqual(await openMessage(k, iv, readHeader(sealed)!, sealed), { ...body, text: said });
  }

  assert.ok(await sealMessage(k, iv, header, { ...body, text: "a".repeat(maxText) }));
  assert.equal(await sealMessage(k, iv, header, { ...body, text: "a".repeat(maxText + 1) }), undefined);
});

void test("X-Wing is noble's, byte for byte", async () => {
  for (let i = 0; i < 8; i++) {
    const seed = fill(32, i);
    const coins = fill(64, 100 + i);
    const pk = await xwing.publicKey(seed);
    assert.equal(hex(pk), hex(ml_kem768_x25519.keygen(seed).publicKey));
    const made = await xwing.encapsulate(pk, coins);
    const theirs = ml_kem768_x25519.encapsulate(pk, coins);
    assert.ok(made);
    assert.equal(hex(made.enc), hex(theirs.cipherText));
    assert.equal(hex(made.shared), hex(theirs.sharedSecret));
    assert.equal(hex((await xwing.decapsulate(seed, made.enc))!), hex(made.shared));
  }
});

void test("a key that is none", async () => {
  const pk = await xwing.publicKey(fill(32, 1));
  const point = (bytes: number[]): Bytes => Uint8Array.from({ length: 1216 }, (_, i) => (i < 1184 ? pk[i]! : (bytes[i - 1184] ?? 0)));
  // Points of small order: the result is all zeros.
  for (const low of [[], [1]]) assert.equal(await xwing.encapsulate(point(low), fill(64, 2)), undefined);
  const enc = (await xwing.encapsulate(pk, fill(64, 2)))!.enc;
  enc.fill(0, 1088);
  assert.equal(await xwing.decapsulate(fill(32, 1), enc), undefined);
  assert.equal(await xwing.encapsulate(pk.map((byte, i) => (i < 3 ? 255 : byte)), fill(64, 2)), undefined, "not reduced");
  const target = { pk: point([]), c: life };
  assert.equal(await sealTo(xwing, target, senders.A, fill(8, 1), pk, fill(64, 2)), undefined);
});

void test("codes", () => {
  assert.equal(complete(v.code.slice(0, 24)), v.code);
  for (let i = 0; i < 200; i++) {
    const drawn = complete(String(i * 7919).padStart(24, "3"));
    assert.equal(findCode(shown(drawn)), drawn);
    const at = i % 25;
    const wrong = drawn.slice(0, at) + String((Number(drawn[at]) + 1) % 10) + drawn.slice(at + 1);
    assert.equal(findCode(wrong), undefined, "one digit wrong");
  }
});

const good = v.code;
const five = shown(good);
const table: readonly (readonly [text: string, found: string | undefined])[] = [
  [good, good],
  [five, good],
  [five.replaceAll(" ", "-"), good],
  [`My other number: +44 7700 900123,,${five}`, good],
  [`tel:+447700900123,,${good}`, good],
  [`+447700900123,,${good}`, good],
  ["+44 7700 900123;" + good, good],
  ["+44 7700 900123 p " + good.replace(/.{3}/g, "$& "), good],
  ["+44 (0) 7700-900123 x" + five.replaceAll(" ", "."), good],
  [`${five} and ${"1".repeat(25)}`, good],
  [`1${five}`, good],
  [five.slice(0, -1), undefined],
  [five.replace("9", "8"), undefined],
  ["1234567890123456", undefined],
  ["+44 7700 900123", ""],
  ["123456789012345", ""],
  ["no digits", ""],
  ["", ""],
];

void test("finding a code in a text", () => {
  for (const [text, found] of table) assert.equal(findCode(text), found, text);
});
