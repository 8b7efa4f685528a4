// What the page says when things are not as usual.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engines, launch } from "./lib/browser.js";
import { faults } from "./lib/looks.js";
import { learn, until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

// A name that means this machine without being a secure context, as localhost is.
const farAway = {
  args: ["--host-resolver-rules=MAP notes.example 127.0.0.1"],
  prefs: { "network.dns.localDomains": "notes.example" },
};

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    const on = stage();

    test("plain http from another device: it says that it needs https", async () => {
      const browser = await launch(engine, undefined, farAway);
      try {
        const page = await browser.newPage();
        await page.goto(`http://notes.example:${on.relay.port}/`);
        assert.equal(await page.evaluate(() => isSecureContext), false);
        await until("the word of https", async () =>
          (await page.evaluate(() => document.body.innerText)).includes(words.needsHttps));
        assert.equal(await page.evaluate(() => document.querySelectorAll("input").length), 0);
      } finally {
        await browser.close();
      }
    });

    test("a browser without Web Crypto is told to use a newer one", async () => {
      const page = await on.browsers[engine].newPage();
      await page.evaluateOnNewDocument(() => delete Crypto.prototype.subtle);
      await page.goto(`http://localhost:${on.relay.port}/`);
      await until("the word of a newer browser", async () =>
        (await page.evaluate(() => document.body.innerText)) === words.noscript);
      await page.close();
    });

    test("JavaScript is off: it says so after a while", async () => {
      // Firefox has a setting for it, Chromium a command.
      const browser = await launch(engine, undefined, { prefs: { "javascript.enabled": false } });
      try {
        const page = await browser.newPage();
        if (engine === "chromium") await page.setJavaScriptEnabled(false);
        await page.goto(`http://localhost:${on.relay.port}/`);
        // Whose script is only slow to come sees nothing that goes away again.
        const delays = await page.evaluate(() => document.getAnimations().map(({ effect }) => effect.getTiming().delay));
        assert.deepEqual(delays, [2000]);
        await until("the word of JavaScript", async () => (await page.evaluate(() => document.body.innerText)) === words.noscript);
      } finally {
        await browser.close();
      }
    });

    test("every language: chosen on the page, in words of its own to the last, and none too long for a small phone", async () => {
      const anna = await on.visit("Anna", engine);
      await anna.page.setViewport({ width: 320, height: 568 });
      const names = await anna.run(() => [...document.querySelectorAll("option[lang]")].map(({ lang, text }) => [lang, text]));
      assert.ok(names.length >= 7);
      const english = { ...words };
      try {
        for (const [lang, name] of [...names.slice(1), names[0]]) {
          await anna.speak(name);
          await learn(lang);
          await anna.see(words.invited);
          assert.deepEqual(await anna.run(() => [document.documentElement.lang, document.documentElement.dir]), [lang, words.dir]);
          await anna.press(words.help);
          await anna.see(words.helpTurns);
          await anna.press(words.readAll);
          await anna.missing(words.helpTurns);
          await anna.press(words.close);
          await anna.draw();
          await anna.type(words.pin, "314159");
          assert.deepEqual(await anna.run(faults), [], lang);
          await anna.press(words.open);
          await anna.see(words.copy);
          assert.deepEqual(await anna.run(faults), [], lang);
          await anna.press(words.close);
          await anna.choose(words.forget);
          await anna.see(words.invited);
        }
      } finally {
        Object.assign(words, english);
      }
    });
  });
}

describe("eleven hours before the end", () => {
  const on = stage("--room-ttl", "11h", "--unpaired-ttl", "10h");

  test("both are warned, in Chromium and in Firefox", async () => {
    const { anna, ben } = await on.pair(pairs[0]);
    await anna.see(words.twelveHours);
    await ben.see(words.twelveHours);
  });
});

describe("the end", () => {
  // Time for two people to meet on a slow machine.
  const on = stage("--room-ttl", "45s", "--unpaired-ttl", "45s");

  test("both are told that it has ended, in Chromium and in Firefox", async () => {
    const { anna, ben } = await on.pair(pairs[0]);
    await anna.write("soon gone");
    await ben.sees("soon gone");
    // Behind the curtain, too, and with what he was writing.
    await ben.type(words.message, "half a sentence");
    await ben.press(words.hide);
    await anna.see(words.ended);
    await ben.comeBack("271828");
    await ben.see(words.ended);
    assert.equal(await ben.value(words.message), "half a sentence");
    for (const person of [anna, ben]) assert.ok(!(await person.text()).includes("soon gone"));
  });
});
