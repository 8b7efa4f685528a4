// The status page of the admin listener, in Chromium: nobody but a host sees
// it, on a desk or on a phone, by day or by night.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch } from "./lib/browser.js";
import { until } from "./lib/person.js";
import { buildRelay, root, startRelay } from "./lib/relay.js";

describe("status page", () => {
  let built;
  let relay;
  let started;
  let url;
  let axe;

  before(async () => {
    axe = await readFile(join(root, "web/node_modules/axe-core/axe.min.js"), "utf8");
    built = await buildRelay();
    relay = await startRelay(built.binary, "--admin-listen", "127.0.0.1:0");
    const said = () => /admin=(\S+)/.exec(relay.said());
    await until("the admin listener", async () => said() !== null);
    url = `http://${said()[1]}/`;
    started = await launch("chromium");
  });

  after(async () => {
    await started?.close();
    await relay?.stop();
    await built?.remove();
  });

  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`can be read at ${width} pixels, ${scheme}`, async () => {
        const page = await started.newPage();
        const refused = [];
        page.on("console", (m) => refused.push(m.text()));
        await page.setViewport({ width, height: 800 });
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await page.goto(`${url}?still`);
        const seen = await page.evaluate(() => ({
          title: document.title,
          cards: document.querySelectorAll("section svg polyline").length,
          wide: document.documentElement.scrollWidth,
          paper: getComputedStyle(document.body).backgroundColor,
        }));
        assert.equal(seen.title, "Relay status");
        assert.equal(seen.cards, 6);
        assert.ok(seen.wide <= width, `it is ${seen.wide} pixels wide`);
        assert.equal(seen.paper === "rgb(255, 255, 255)", scheme === "light", `its paper is ${seen.paper}`);
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(
          violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`),
          [],
        );
        assert.ok(passes.some((p) => p.id === "color-contrast"), "contrast was not looked at");
        assert.deepEqual(
          refused.filter((text) => text.includes("Content Security Policy")),
          [],
        );
        await page.close();
      });
    }
  }

  test("refreshes itself, unless asked to stand still", async () => {
    const headers = (path) =>
      new Promise((resolve, reject) => {
        get(url + path, (answer) => resolve(answer.resume().headers)).on("error", reject);
      });
    assert.equal((await headers("")).refresh, "30");
    assert.equal((await headers("?still")).refresh, undefined);
  });
});
