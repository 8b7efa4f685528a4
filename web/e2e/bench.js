// Measures every budget of the page beside the figures of the reference, in
// Chromium, and in Firefox what can be measured there.
//
//   npm run bench              medians of 5; idling once, 10 s a screen
//   npm run bench -- --smoke   once and briefly, to see that it works

import { parseArgs } from "node:util";
import { launch } from "./lib/browser.js";
import { cost, idle, load, opening, talk } from "./lib/figures.js";
import { words } from "./lib/person.js";
import { buildRelay, startRelay } from "./lib/relay.js";

const { values: { smoke } } = parseArgs({ options: { smoke: { type: "boolean" } } });
const rounds = smoke ? 1 : 5;
const keyEvery = smoke ? 20 : 150;
const idleFor = smoke ? 500 : 10_000;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Measures several times, and returns the median of each figure. */
const medians = async (measure, times = rounds) => {
  const all = [];
  for (let i = 0; i < times; i++) {
    all.push(await measure());
    console.error(JSON.stringify(all.at(-1)));
  }
  return Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((figures) => figures[name]))]));
};

const s = (ms) => `${(ms / 1000).toFixed(2)} s`;
const ms = (value) => `${Math.round(value)} ms`;
const share = (value) => `${value.toFixed(1)} %`;

const built = await buildRelay();
const relay = await startRelay(built.binary);
const browsers = {};
try {
  for (const engine of ["chromium", "firefox"]) browsers[engine] = await launch(engine);
  const { chromium, firefox } = browsers;
  const { port } = relay;
  const price = await medians(() => cost(chromium, firefox, port), 1);
  const loaded = await medians(() => load(chromium, port));
  const opened = {};
  for (const kind of ["newNumber", "shortNumber"]) {
    opened[kind] = await medians(() => opening(chromium, port, words[kind]));
    opened[kind].firefox = (await medians(() => opening(firefox, port, words[kind]))).fast;
  }
  const { newNumber: long, shortNumber: short } = opened;
  const talked = await medians(() => talk(chromium, firefox, port, keyEvery));
  // Alone, as what the other one does would be counted to the machine.
  const still = await medians(() => idle(chromium, port, idleFor), 1);
  const foxStill = await medians(() => idle(firefox, port, idleFor), 1);

  const rows = [
    ["", "reference", "aim", "ours"],
    ["bytes to a usable chat", "263 kB", "≤ 14,000 B", `${price.bytes} B`],
    ["requests", "16", "1 + socket", `${price.requests - 1} + socket`],
    ["first contentful paint", "2.0 s", "≤ 1.0 s", s(loaded.paint)],
    ["usable form", "3.8 s", "≤ 1.0 s", s(loaded.form)],
    ["total blocking time", "0.8–1.1 s", "≤ 50 ms", ms(loaded.blocking)],
    ["longest task after first paint", "1.05 s", "< 50 ms", ms(loaded.longest)],
    ["longest task before it", "", "", ms(loaded.before)],
    ["40 characters: long tasks", "52", "0", String(talked.tasks)],
    [`40 characters in ${(40 * keyEvery) / 1000} s: frames`, "40", "≤ 14", String(talked.frames)],
    ["idle, entry screen", "87 %", "≤ 1 %", `${share(still.entry)} (empty tab ${share(still.blank)})`],
    ["idle, waiting screen", "87 %", "≤ 1 %", share(still.waiting)],
    ["… in Firefox, entry", "97 %", "≤ 1 %", `${share(foxStill.entry)} (empty tab ${share(foxStill.blank)})`],
    ["… in Firefox, waiting", "97 %", "≤ 1 %", share(foxStill.waiting)],
    ["running animations", "endless", "0", `${still.moving}, Firefox ${foxStill.moving}`],
    ["Open → chat, private number, fast", "", "0.7 s", `${s(long.fast)}, Firefox ${s(long.firefox)}`],
    ["Open → chat, private number, throttled", "", "1.6 s", s(long.slow)],
    ["Open → chat, short number, fast", "0.6–1.1 s", "0.7 s", `${s(short.fast)}, Firefox ${s(short.firefox)}`],
    ["Open → chat, short number, throttled", "4.5 s", "1.6 s", s(short.slow)],
    ["lift the curtain", "0.9–3.6 s", "< 0.1 s", s(talked.lift)],
    ["reconnect after online, draft kept", "none", "< 2 s", s(talked.back)],
    ["taps, creator to shared invitation", "11+", "3 + PIN", `${price.creator} + PIN`],
    ["taps, invitee to chat", "8 + 30 characters", "4 + PIN", `${price.invitee} + PIN`],
  ];
  for (const row of rows) {
    if (row.some((cell) => /NaN|undefined|Infinity/.test(cell))) throw new Error(`no figure: ${row.join(" | ")}`);
    console.log(`| ${row.join(" | ")} |`);
    if (row === rows[0]) console.log("|---|---|---|---|");
  }
} finally {
  for (const browser of Object.values(browsers)) await browser.close();
  await relay.stop();
  await built.remove();
}
