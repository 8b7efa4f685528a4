// The shared vectors of std-1, and what they don't say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { base64, below, hex, unbase64 } from "../src/bytes";
import { digits } from "../src/phone";
import type { Keyring, Sealed } from "../src/engine";
import type { Content } from "../src/session/state";
import { canonicalRef, deriveKey, gateOf, newRef, open, seal, std1 } from "../src/std1";

interface Vector {
  phone: string;
  normalised: string;
  pin: string;
  room_id: string;
  room_hash: string;
  access_hash: string;
  sender_hash: string;
  enc_key: string;
  otp: string;
  otp_normalised: string;
  otp_hash: string;
  messages: { plaintext: string; iv: string; ciphertext: string }[];
}

const openWith = async (keys: Keyring, sealed: Sealed): Promise<Content | null | undefined> => {
  const [event] = await keys.run({ do: "open", sealed });
  return event?.type === "opened" ? event.text : undefined;
};

const { vectors } = JSON.parse(readFileSync("../internal/vectors/std1.json", "utf8")) as { vectors: Vector[] };
assert.ok(vectors.length >= 3);

for (const v of vectors) {
  void test(`vector ${v.phone}`, async () => {
    assert.equal(digits(v.phone), v.normalised);
    const identity = await std1.identify(v.phone, v.pin);
    assert.equal(identity.path, `room/${v.room_hash}/ws`);
    assert.equal(identity.author, v.sender_hash);
    assert.deepEqual(identity.credentials, { sender_hash: v.sender_hash, access_hash: v.access_hash });
    assert.equal(canonicalRef(v.otp), v.otp_normalised);
    assert.deepEqual(await gateOf(v.otp), { otp_hash: v.otp_hash });
    // The vector's messages are sealed as the protocol's text says, by the room's id.
    const keys = await identity.unlock({ room_id: v.room_id });
    for (const m of v.messages) assert.equal(await openWith(keys, m), m.plaintext);
    const known = await crypto.subtle.importKey("raw", Buffer.from(v.enc_key, "hex"), "AES-GCM", false, ["decrypt"]);
    const [event] = await keys.run({ do: "seal", nonce: "n", text: "Kesho saa kumi — 🐦" });
    assert.ok(event?.type === "sealed" && event.sealed);
    // What goes out is sealed as every client in use does it, by the room's hash.
    assert.equal(await open(known, event.sealed), null);
    assert.equal(await open(await deriveKey(v.normalised, v.room_hash), event.sealed), "Kesho saa kumi — 🐦");
    assert.equal(await openWith(keys, event.sealed), "Kesho saa kumi — 🐦");
    assert.equal(unbase64(event.sealed.iv)?.length, 12);
  });
}

void test("the key is derived before the relay has answered a join", async (t) => {
  const derive = t.mock.method(crypto.subtle, "deriveKey");
  const identity = await std1.identify("+254 733 444444", "123456");
  await new Promise(setImmediate);
  assert.equal(derive.mock.callCount(), 1);
  const keys = await identity.unlock({ room_id: "room" });
  await keys.run({ do: "seal", nonce: "n", text: "text" });
  assert.equal(derive.mock.callCount(), 1, "the other key is derived when it is needed");
});

void test("the key stays in the key store", async () => {
  const key = await deriveKey("254733444444", "room");
  assert.equal(key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("raw", key));
});

void test("a PIN is known again and another is not", async () => {
  const identity = await std1.identify("+254 733 444444", "123456");
  assert.equal(await identity.isPin("123456"), true);
  assert.equal(await identity.isPin("123457"), false);
  assert.equal(await identity.isPin(""), false);
});

void test("a key opens nothing but what it sealed", async () => {
  const key = await deriveKey("254733444444", "room");
  const other = await deriveKey("254733444444", "another");
  const sealed = await seal(key, "text");
  assert.equal(await open(key, sealed), "text");
  assert.equal(await open(other, sealed), null);
  const bytes = unbase64(sealed.ciphertext) ?? new Uint8Array();
  for (let i = 0; i < bytes.length; i++) {
    const changed = Uint8Array.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 1;
    assert.equal(await open(key, { ...sealed, ciphertext: base64(changed) }), null);
  }
  for (const bad of [
    { ciphertext: "", iv: sealed.iv },
    { ciphertext: sealed.ciphertext, iv: "" },
    { ciphertext: sealed.ciphertext, iv: base64(new Uint8Array(16)) },
    { ciphertext: sealed.ciphertext + "\n", iv: sealed.iv },
    { ciphertext: "not base64", iv: sealed.iv },
  ]) {
    assert.equal(await open(key, bad), null);
  }
});

void test("a phone that can't derive or seal just now says so, and tries again when it is asked again", async (t) => {
  const derive = t.mock.method(crypto.subtle, "deriveKey", () => Promise.reject(new Error("no memory")));
  const identity = await std1.identify("254733444444", "314159");
  const ring = await identity.unlock({ room_id: "room" });
  const [failed] = await ring.run({ do: "seal", nonce: "n", text: "hello" });
  assert.deepEqual(failed, { type: "sealed", nonce: "n", sealed: null });
  const [closed] = await ring.run({ do: "open", sealed: { ciphertext: "AAEC", iv: "AAEC" } });
  assert.deepEqual(closed, { type: "opened", iv: "AAEC", text: null });
  derive.mock.restore();
  const [sealed] = await ring.run({ do: "seal", nonce: "n", text: "hello" });
  assert.ok(sealed?.type === "sealed" && sealed.sealed);
});

void test("bytes that are no text are not shown as any", async () => {
  const key = await deriveKey("254733444444", "room");
  const iv = new Uint8Array(12);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array([0xff, 0xfe]));
  assert.equal(await open(key, { ciphertext: base64(new Uint8Array(sealed)), iv: base64(iv) }), null);
});

void test("a text may begin with a byte order mark and keeps it", async () => {
  const key = await deriveKey("254733444444", "room");
  assert.equal(await open(key, await seal(key, "\ufeffx")), "\ufeffx");
});

void test("the longest text is as long as the relay takes", async () => {
  const key = await deriveKey("254733444444", "room");
  const { ciphertext } = await seal(key, "a".repeat(std1.maxBytes));
  assert.equal(unbase64(ciphertext)?.length, 8192);
});

void test("refs", () => {
  const seen = new Set<string>();
  const used = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const ref = newRef();
    assert.match(ref, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    seen.add(ref);
    for (const char of canonicalRef(ref)) used.add(char);
  }
  assert.equal(seen.size, 2000);
  assert.equal(used.size, 32);
  assert.equal(canonicalRef(" p2k4 9h7m\n"), "P2K49H7M");
  assert.equal(canonicalRef("OIL-U"), "");
});

void test("base64 has one spelling", () => {
  assert.deepEqual(unbase64("AAECAw=="), new Uint8Array([0, 1, 2, 3]));
  assert.deepEqual(unbase64(""), new Uint8Array());
  for (const bad of ["AAECAw", "AAECAw=", "AAECAx==", "AAEC Aw==", "AAEC\nAw==", "AAEC-_8=", "=", "a"]) {
    assert.equal(unbase64(bad), undefined, bad);
  }
  assert.equal(hex(new Uint8Array([0, 15, 255])), "000fff");
});

void test("below is below, and even", () => {
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7000; i++) {
    const n = below(7);
    assert.ok(Number.isInteger(n) && n >= 0 && n < 7);
    counts[n] = (counts[n] ?? 0) + 1;
  }
  // Six standard deviations: fails by chance once in 10^8 runs.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 176, String(counts));
  assert.equal(below(1), 0);
});
