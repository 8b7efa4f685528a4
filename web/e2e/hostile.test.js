// A hostile site in the same browser, while a conversation is open in another
// tab: it reaches nothing, learns nothing, and breaks nothing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { engines } from "./lib/browser.js";
import { flood, handle, open, reach, servesHarm, spy } from "./lib/hostile.js";
import { until, words } from "./lib/person.js";
import { root } from "./lib/relay.js";
import { pairs, stage } from "./lib/stage.js";

const script = (await readdir(join(root, "web/dist"))).find((name) => /^more-en-\w+\.js$/.test(name));
assert.ok(script);

const canary = "what else lives at this origin";

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    // There are limits, as there are by default; half as many are soon used up.
    const on = stage("--upgrade-rate", "60", "--create-rate", "20");
    let harm;

    before(async () => {
      harm = await servesHarm();
    });
    after(() => harm?.stop());

    const visitHarm = async (origin) => {
      const page = await on.browsers[engine].newPage();
      await page.goto(origin);
      return page;
    };

    /** Two people, one of them with a hostile site in another tab. */
    const inConversation = async () => {
      const { anna, ben, invitation } = await on.pair(pairs.find(([first]) => first === engine));
      const digits = invitation.match(/\+[\d ]+/)[0].replace(/\D/g, "");
      const room = createHash("sha256").update(`${digits}:stelegano-room-v1-2026`).digest("hex");
      await anna.run((canary) => localStorage.setItem("canary", canary), canary);
      return { anna, ben, room };
    };

    const unharmed = async (anna, ben) => {
      await anna.comeBack("314159");
      assert.equal(await anna.run(() => localStorage.getItem("canary")), canary);
      assert.equal(await anna.run(() => window.name), "");
      await anna.write("still here");
      await ben.sees("still here");
      for (const { line, answer } of anna.tap.requests()) {
        assert.doesNotMatch(answer, /clear-site-data|access-control|timing-allow/i, line);
      }
    };

    for (const where of ["the same site", "another site"]) {
      test(`a page of ${where} opens no socket, reads no answer, frames nothing, sees no size, time or visit`, async () => {
        const { anna, ben, room } = await inConversation();
        const page = await visitHarm(harm.origins[where]);
        const reached = await page.evaluate(reach, anna.url, room, script);
        assert.ok(Object.keys(reached).length > 20);
        assert.deepEqual(Object.entries(reached).filter(([, what]) => what !== "refused"), []);
        const seen = await page.evaluate(spy, anna.url);
        assert.equal(seen.visited, false);
        for (const what of ["sizes", "times", "statuses"]) {
          assert.deepEqual(seen[what].filter((value) => value !== 0), [], what);
        }
        // Its own page can be framed, so that the attempt is a real one.
        for (const [url, framed] of [[harm.origins[where], true], [anna.url, false], [`${anna.url}about`, false]]) {
          const asked = () => anna.tap.requests().filter(({ answer }) => answer).length;
          const before = asked();
          await page.evaluate((src) => new Promise((resolve) => {
            const frame = Object.assign(document.createElement("iframe"), { src });
            frame.onload = frame.onerror = resolve;
            document.body.replaceChildren(frame);
            setTimeout(resolve, 3000);
          }), url);
          const read = async () => {
            const [frame] = page.mainFrame().childFrames();
            return frame ? frame.evaluate(() => document.body.innerText).catch(() => "") : "";
          };
          if (framed) await until("its own page in a frame", async () => (await read()).includes("You have won!"));
          else await until("an answer to the frame", () => asked() > before);
          const text = await until("what was in the frame before to go", async () => {
            const text = await read();
            return (framed || !text.includes("You have won!")) && text;
          });
          for (const word of [words.title, words.invited]) assert.ok(!text.includes(word), `${url}: ${text}`);
        }
        await page.close();
        await unharmed(anna, ben);
      });

      test(`a page of ${where} that opens the page has no hold of it`, async () => {
        const { anna, ben } = await inConversation();
        const page = await visitHarm(harm.origins[where]);
        const known = new Set(await on.browsers[engine].browser.pages());
        await page.evaluate(open, anna.url);
        const prey = await until("the opened page", async () =>
          (await on.browsers[engine].browser.pages()).find((page) => !known.has(page) && page.url() === anna.url));
        await until("the first screen in it", () =>
          prey.evaluate((need) => document.body.textContent.includes(need), words.invited));
        await prey.evaluate(() => addEventListener("message", () => (document.body.textContent = "steered")));
        // Chromium tells the opener a little after the page is there.
        await until("the opened window to be lost", () => page.evaluate(() => window.prey.closed));
        const { document, ...held } = await page.evaluate(handle);
        assert.deepEqual(held, { closed: "true", frames: "0", steered: "" });
        // Firefox leaves an empty one in its place.
        assert.ok(["refused", ""].includes(document), document);
        await pause(500);
        const { name, opener, url, text, length } = await prey.evaluate(() => ({
          name: window.name, opener: window.opener, url: location.href, text: document.body.textContent, length: history.length,
        }));
        assert.deepEqual({ name, opener, url }, { name: "", opener: null, url: anna.url });
        assert.ok(text.includes(words.invited));
        assert.ok(length <= 2, `${length} entries in the history`);
        assert.deepEqual(await page.evaluate(() => window.heard), []);
        await prey.close();
        await page.close();
        await unharmed(anna, ben);
      });

      test(`a page of ${where} sends its visitor to the panic route: nothing is cleared`, async () => {
        const { anna, ben } = await inConversation();
        const page = await visitHarm(harm.origins[where]);
        await Promise.all([
          page.waitForNavigation(),
          page.evaluate((url) => void setTimeout(() => (location.href = url)), `${anna.url}x`),
        ]);
        assert.equal(page.url(), anna.url);
        await page.goto(harm.origins[where]);
        await page.evaluate((action) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action });
          document.body.append(form);
          setTimeout(() => form.submit());
        }, `${anna.url}x`);
        await until("the form to be sent", () => anna.tap.requests().some(({ line }) => line.startsWith("POST /x ")));
        await page.close();
        await unharmed(anna, ben);
      });
    }

    test("who goes to the panic route by themselves has the origin cleared", async () => {
      const { anna } = await inConversation();
      const page = await on.browsers[engine].newPage();
      await page.goto(`${anna.url}x`);
      assert.equal(page.url(), anna.url);
      assert.equal(await page.evaluate(() => localStorage.length), 0);
      assert.ok(anna.tap.requests().some(({ answer }) => /^Clear-Site-Data: "cache", "storage"\r?$/m.test(answer)));
      await page.close();
    });

    test("a flood from a hostile page does not use up what its visitor may do", async () => {
      const { anna, ben } = await inConversation();
      const answered = () =>
        anna.tap.requests().filter(({ line, answer }) => answer && /^GET \/(?:room|api)/.test(line)).map(({ answer }) => answer);
      const refused = () => answered().filter((answer) => answer.startsWith("HTTP/1.1 403 ")).length;
      for (const origin of Object.values(harm.origins)) {
        const before = refused();
        const page = await visitHarm(origin);
        await page.evaluate(flood, anna.url, 70);
        await until("more than a visitor may do to be refused", () => refused() - before >= 70);
        await page.close();
      }
      // None of it was let in, so none of it was counted.
      const answers = answered();
      assert.deepEqual(answers.filter((answer) => !/^HTTP\/1\.1 (?:403|101) /.test(answer)), []);
      anna.tap.reset();
      await unharmed(anna, ben);
    });
  });
}
