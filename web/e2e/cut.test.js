// A link that breaks while the page itself is on its way.

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { until, words } from "./lib/person.js";
import { stage } from "./lib/stage.js";

/** Passes everything to a port, but of the first answer that many bytes only, then breaks. */
const breakingAfter = async (bytes, port) => {
  let broken = false;
  const phones = new Set();
  const server = createServer((phone) => {
    const relay = connect(port, "127.0.0.1");
    phones.add(phone);
    let passed = 0;
    phone.on("error", () => relay.destroy());
    relay.on("error", () => phone.destroy());
    phone.on("close", () => relay.destroy());
    phone.pipe(relay);
    relay.on("data", (chunk) => {
      const rest = broken ? Infinity : bytes - passed;
      passed += chunk.length;
      phone.write(chunk.subarray(0, Math.min(rest, chunk.length)));
      if (passed < bytes || broken) return;
      broken = true;
      phone.end();
      relay.destroy();
    });
    relay.on("end", () => phone.end());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    wasBroken: () => broken,
    close: () => new Promise((resolve) => {
      server.close(resolve);
      for (const phone of phones) phone.destroy();
    }),
  };
};

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    const on = stage();

    // Headers have 1,000 bytes, the document some 8,500.
    for (const bytes of [500, 2_000, 5_000, 9_000]) {
      test(`cut off after ${bytes} bytes, a reload mends it`, async () => {
        const link = await breakingAfter(bytes, on.relay.port);
        const page = await on.browsers[engine].newPage();
        try {
          // A browser may call this an error, or show what it has.
          await page.goto(link.url).catch(() => undefined);
          await until("the cut", () => link.wasBroken());
          // It may still be showing its own page for an error.
          const fields = () => page.evaluate(() => document.querySelectorAll("input").length);
          assert.equal(await until("what there is", fields), 0);
          await until("the first screen", async () => {
            await page.goto(link.url);
            return (await page.evaluate(() => document.body.innerText)).includes(words.invited);
          });
        } finally {
          await page.close();
          await link.close();
        }
      });
    }
  });
}
