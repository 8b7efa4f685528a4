// Every state of the page, for whoever sees little, reads large, has other
// colours, a small screen, a keyboard in front of it, or reads from the right.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { composerFaults, faults, moving } from "./lib/looks.js";
import { until, words } from "./lib/person.js";
import { root } from "./lib/relay.js";
import { pairs, stage } from "./lib/stage.js";
import { shortWalk, walk } from "./lib/walk.js";
import { wear } from "./lib/wear.js";

const axe = await readFile(join(root, "web/node_modules/axe-core/axe.min.js"), "utf8");

/** What axe finds, by rule and element. Only colours change with the settings of colours. */
const violations = async (page, rules) => {
  if (await page.evaluate(() => !window.axe)) {
    await page.evaluate(axe);
    // Where colours are forced, Chromium names the colour of before as that which
    // text is filled with. Nothing here sets it apart from its own colour.
    await page.evaluate(() => {
      const { getPropertyValue } = CSSStyleDeclaration.prototype;
      CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
        return getPropertyValue.call(this, name === "-webkit-text-fill-color" ? "color" : name);
      };
    });
  }
  return page.evaluate(async (rules) => {
    const { passes, violations } = await window.axe.run(document, {
      resultTypes: ["violations"],
      ...(rules && { runOnly: { type: "rule", values: rules } }),
    });
    if (!passes.length && !violations.length) throw new Error("axe looked at nothing");
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  }, rules);
};

const colours = ["color-contrast", "link-in-text-block"];

const phone = { width: 360, height: 640 };

// 320×250 is also what 1280×1000 is at 400 %.
const layouts = [
  { size: 100, views: [{ width: 360, height: 370, dir: "rtl" }, { width: 320, height: 250, dir: "ltr" }] },
  { size: 200, views: [{ width: 360, height: 640, dir: "rtl" }, { width: 360, height: 370, dir: "ltr", tight: true }, { width: 320, height: 250, dir: "ltr", tight: true }] },
];

/** Looks at a state in every way, and returns what is wrong, not only for a moment. */
const lookAt = async (page, browser) => {
  const wrong = [];
  const note = async (where, look) => {
    const found = await look();
    if (!found.length) return;
    await pause(1000);
    const still = new Set(await look());
    wrong.push(...found.filter((fault) => still.has(fault)).map((fault) => `${where}: ${fault}`));
  };
  const resize = async ({ width, height }) => {
    await page.setViewport({ width, height, deviceScaleFactor: 1 });
    await until("the new size", () => page.evaluate((width, height) => innerWidth === width && innerHeight === height, width, height));
    // The page hears of it with the next frame.
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  };
  const turn = (dir) => page.evaluate((dir) => { document.documentElement.dir = dir; }, dir);

  await note("light", () => violations(page));
  await note("as usual", () => page.evaluate(faults));
  await note("moves", () => page.evaluate(moving));
  for (const [name, settings] of [["dark", { dark: true }], ["forced colours", { forced: true }]]) {
    const undo = await wear(browser, page, settings);
    await note(name, () => violations(page, colours));
    await undo();
  }
  for (const { size, views } of layouts) {
    const undo = await wear(browser, page, { text: size });
    for (const view of views) {
      await turn(view.dir);
      await resize(view);
      const where = `${view.width}×${view.height}, ${view.dir}, ${size} %`;
      await note(where, () => page.evaluate(composerFaults));
      // There is no room to show anything but the composer.
      if (!view.tight) await note(where, () => page.evaluate(faults));
    }
    await undo();
  }
  await turn("ltr");
  await wear(browser, page);
  await resize(phone);
  return wrong;
};

for (const [engine, other] of pairs) {
  describe(`in ${engine}`, () => {
    const on = stage(...shortWalk);

    test("the measures find what is wrong", async () => {
      const page = await on.browsers[engine].newPage();
      const planted = {
        "wide": '<main><p style="width: 50rem">words',
        "20×": '<main><button style="width: 20px; min-width: 0">x',
        "covered": '<main><button style="width: 3rem; height: 3rem">x</button><p style="position: absolute; top: 0; left: 0; width: 9rem; height: 9rem">y',
        "cut off": '<main><p style="width: 3rem; overflow: hidden; white-space: nowrap">some words',
        "leaves its box": '<main><p style="width: 3rem; white-space: nowrap">some words',
        "leaves the screen": '<main><p style="margin-left: -2rem; width: 4rem">some words',
      };
      for (const [fault, html] of Object.entries(planted)) {
        await page.setContent(`<!doctype html><meta name=viewport content="width=device-width"><body style="margin: 0">${html}`);
        assert.match((await page.evaluate(faults)).join("\n"), new RegExp(fault));
      }
      await page.setContent("<!doctype html><textarea style='margin-top: 39rem; height: 5rem'>");
      assert.equal((await page.evaluate(composerFaults)).length, 1);
      await page.setContent("<!doctype html><p style='color: #999; background: #fff'>pale");
      assert.match((await violations(page, colours)).join(), /color-contrast/);
      await page.close();
    });

    test("every state: axe, targets of 44 px, nothing cut off or covered at 320 px, 200 % text, 400 % zoom, from right to left; the composer above a keyboard", async (t) => {
      const wrong = [];
      let states = 0;
      await walk(on, engine, other, async (name, { page }) => {
        states++;
        wrong.push(...(await lookAt(page, on.browsers[engine])).map((fault) => `${name}: ${fault}`));
      });
      t.diagnostic(`${states} states`);
      assert.equal(wrong.join("\n"), "");
      assert.ok(states > 25);
    });

    // Plain http and no JavaScript put their words in the same place.
    test("beside the conversation: another language, a browser too old, the pages of text", async () => {
      const wrong = [];
      const look = async (name, page) => {
        wrong.push(...(await lookAt(page, on.browsers[engine])).map((fault) => `${name}: ${fault}`));
      };
      const anna = await on.visit("Anna", engine);
      await anna.speak("Kiswahili");
      await anna.see("Nimealikwa");
      await look("Swahili", anna.page);
      for (const path of ["about", "security", "host"]) {
        await anna.page.goto(anna.url + path);
        await look(path, anna.page);
      }
      const page = await on.browsers[engine].newPage();
      await page.evaluateOnNewDocument(() => delete Crypto.prototype.subtle);
      await page.goto(anna.url);
      await until("the word of a newer browser", async () =>
        (await page.evaluate(() => document.body.innerText)) === words.noscript);
      await look("too old", page);
      await page.close();
      assert.equal(wrong.join("\n"), "");
    });
  });
}
