// The shared vectors of std-1 in both engines: Web Crypto is theirs, not ours.

import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bundle } from "../test/bundle.js";
import { engines } from "./lib/browser.js";
import { root } from "./lib/relay.js";
import { stage } from "./lib/stage.js";

const { vectors } = JSON.parse(await readFile(join(root, "internal/vectors/std1.json"), "utf8"));
const { outputFiles } = await bundle({
  stdin: {
    contents: 'export * from "./src/std1"; export * from "./src/ref"; export { digits } from "./src/phone";',
    resolveDir: join(root, "web"),
  },
  format: "iife",
  globalName: "page",
  write: false,
});
const script = outputFiles[0].text;

/** Clients seal with the room hash as salt; the vectors' texts are sealed with the room id, as old ones do. */
const sealingKey = (v) =>
  pbkdf2Sync(v.normalised, v.room_hash + "stelegano-enc-v1-2026", 600_000, 32, "sha256").toString("hex");

/** Runs in the page. */
const work = async (v) => {
  const { std1, canonicalRef, digits, keyBox } = globalThis.page;
  const identity = await std1.identify(v.phone, v.pin);
  const box = await identity.unlock({ room_id: v.room_id });
  const bytes = Uint8Array.from(v.key.match(/../g), (pair) => parseInt(pair, 16));
  const known = keyBox(await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]));
  return {
    normalised: digits(v.phone),
    path: identity.path,
    ...identity.credentials,
    author: identity.author,
    otp_normalised: canonicalRef(v.otp),
    ...(await std1.gate(v.otp)),
    texts: await Promise.all(v.messages.map((message) => box.open(message))),
    // The derived key can't be taken out, but Node's opens what it sealed.
    again: await known.open(await box.seal("Kesho saa kumi — 🐦")),
  };
};

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    const on = stage();

    test("std-1's vectors", async () => {
      assert.ok(vectors.length >= 3);
      const anna = await on.visit("Anna", engine);
      await anna.page.evaluate(`globalThis.page = (() => { ${script}; return page; })(); 0`);
      for (const v of vectors) {
        assert.deepEqual(await anna.run(work, { ...v, key: sealingKey(v) }), {
          normalised: v.normalised,
          path: `room/${v.room_hash}/ws`,
          sender_hash: v.sender_hash,
          access_hash: v.access_hash,
          author: v.sender_hash,
          otp_normalised: v.otp_normalised,
          otp_hash: v.otp_hash,
          texts: v.messages.map(({ plaintext }) => plaintext),
          again: "Kesho saa kumi — 🐦",
        });
      }
    });
  });
}
