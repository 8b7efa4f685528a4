// The shared vectors of std-1 in both engines: Web Crypto is theirs, not ours.

import assert from "node:assert/strict";
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
    contents: 'export * from "./src/std1"; export { digits } from "./src/phone";',
    resolveDir: join(root, "web"),
  },
  format: "iife",
  globalName: "page",
  write: false,
});
const script = outputFiles[0].text;

/** Runs in the page. */
const work = async (v) => {
  const { std1, canonicalRef, deriveKey, digits, gateOf, open } = globalThis.page;
  const identity = await std1.identify(v.phone, v.pin);
  const keys = await identity.unlock({ room_id: v.room_id });
  const openWith = async (sealed) => (await keys.run({ do: "open", sealed }))[0].text;
  const [{ sealed }] = await keys.run({ do: "seal", nonce: "n", text: "Kesho saa kumi — 🐦" });
  return {
    normalised: digits(v.phone),
    path: identity.path,
    ...identity.credentials,
    author: identity.author,
    otp_normalised: canonicalRef(v.otp),
    ...(await gateOf(v.otp)),
    texts: await Promise.all(v.messages.map(openWith)),
    // The vector's texts are sealed by the room's id, what goes out by its hash.
    again: await open(await deriveKey(v.normalised, v.room_hash), sealed),
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
        assert.deepEqual(await anna.run(work, v), {
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
