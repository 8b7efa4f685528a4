// A page that waits does nothing at all: no frame, no timer, no animation, no
// growing heap. What that costs in processor time is printed, not judged.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { engines } from "./lib/browser.js";
import { used } from "./lib/figures.js";
import { until, words } from "./lib/person.js";
import { stage } from "./lib/stage.js";

// By hand it can be looked at for longer.
const seconds = Number(process.env.IDLE_SECONDS ?? 60);

/** Counts whatever runs. Installed in every document before its script. */
const count = () => {
  window.ran = { frames: 0, timers: 0 };
  const counted = (what, run) => (...values) => {
    window.ran[what]++;
    return run(...values);
  };
  const { requestAnimationFrame: frame, setTimeout: later, setInterval: every } = window;
  window.requestAnimationFrame = (run) => frame(counted("frames", run));
  window.setTimeout = (run, ms, ...values) => later(counted("timers", run), ms, ...values);
  window.setInterval = (run, ms, ...values) => every(counted("timers", run), ms, ...values);
};

/** What Chromium counts itself; Firefox has no such thing. */
const counters = async (person) => {
  if (person.engine !== "chromium") return null;
  const devtools = (person.devtools ??= await person.page.createCDPSession());
  await devtools.send("Performance.enable");
  for (const handle of person.handles.splice(0)) await handle.dispose();
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
};

/** Lets the page stay as it is for longer than 2 minutes, whatever else this machine does. */
const stayOpen = async (person) => {
  await person.press(words.menu);
  await person.page.select("select", "15");
  await person.press(words.menu);
  await person.lies(words.onRelay);
};

/** What was said, not the pings below it, which come every four minutes. */
const messages = ({ tap }) => tap.frames().filter(({ opcode }) => opcode === 1).length;

describe("on the waiting screen", () => {
  const on = stage();

  test(`${seconds} s: nothing runs in Chromium and in Firefox, and Chromium's heap stays as it is`, async (t) => {
    const people = [];
    for (const engine of engines) {
      const person = await on.visit(engine, engine);
      await person.page.evaluateOnNewDocument(count);
      await person.reload();
      await person.create("314159");
      await person.press(words.close);
      await person.write("is anybody there?");
      await person.lies(words.onRelay);
      await stayOpen(person);
      people.push(person);
    }
    const look = (person) =>
      person.run(() => ({
        ...window.ran,
        animations: document.getAnimations({ subtree: true }).filter(({ playState }) => playState === "running").length,
        elements: document.querySelectorAll("*").length,
      }));
    // Until all is drawn, however long that takes here.
    const unchanged = async (person) => {
      const seen = JSON.stringify([await look(person), messages(person)]);
      await pause(2000);
      return seen === JSON.stringify([await look(person), messages(person)]);
    };
    for (const person of people) await until(`${person.engine} to be done`, () => unchanged(person));
    const measure = (person) =>
      Promise.all([look(person), counters(person), used(person.browser.browser.process().pid), messages(person)]);
    const before = await Promise.all(people.map(measure));
    await pause(seconds * 1000);
    const after = await Promise.all(people.map(measure));
    for (const [i, { engine }] of people.entries()) {
      const [seen, counted, busy, frames] = before[i];
      const [seenAfter, countedAfter, busyAfter, framesAfter] = after[i];
      assert.equal(seen.animations, 0, engine);
      assert.deepEqual(seenAfter, seen, engine);
      assert.equal(framesAfter, frames, `${engine} sent or got frames`);
      const percent = ((busyAfter - busy) / seconds) * 100;
      t.diagnostic(`${engine}: ${percent.toFixed(2)} % of a core, all of the browser`);
      if (!counted) continue;
      // All there are: those that are not in the document any more, too, and the browser's own.
      assert.ok(counted.Nodes <= 120, `${counted.Nodes} nodes`);
      for (const name of ["LayoutCount", "Nodes", "JSEventListeners", "Documents"]) {
        assert.equal(countedAfter[name], counted[name], name);
      }
      const grown = countedAfter.JSHeapUsedSize - counted.JSHeapUsedSize;
      const worked = countedAfter.TaskDuration - counted.TaskDuration;
      t.diagnostic(`${engine}: the page's thread ${((worked / seconds) * 100).toFixed(2)} %, heap ${grown} bytes more`);
      assert.ok(grown < 64 * 1024, `the heap grew by ${grown} bytes`);
    }
  });
});
