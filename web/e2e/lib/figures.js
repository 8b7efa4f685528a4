// Measures the budgets of the page. Every function takes a stage of its own
// making and returns figures; nothing is judged here.

import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { slowLink } from "./link.js";
import { Person, until, words } from "./person.js";
import { Tap } from "./tap.js";
import { tapToChat, tapToInvitation } from "./taps.js";

/** CDP's Slow 3G as the reference was measured with it, and a processor of a sixth. */
const slow3G = { rtt: 400, kbit: 400 };
const slowdown = 6;

const pins = ["314159", "271828"];

/** Notes what takes long, and when what is looked for is there to be used. Runs in the page from its beginning. */
const watch = () => {
  const seen = (window.seen = { tasks: [], clicked: 0, at: {} });
  if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) seen.tasks.push([startTime, duration]);
    }).observe({ type: "longtask", buffered: true });
  }
  addEventListener("click", () => { seen.clicked = performance.now(); seen.at = {}; }, true);
  const look = () => {
    for (const what of [".open input", ".chat"]) {
      if (seen.at[what] || !document.querySelector(what)) continue;
      seen.at[what] = Infinity;
      // It can be used once it was drawn.
      requestAnimationFrame(() => setTimeout(() => { seen.at[what] = performance.now(); }));
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
};

const throttle = async (page, { cpu = 1, net = null }) => {
  const session = await page.createCDPSession();
  await session.send("Emulation.setCPUThrottlingRate", { rate: cpu });
  if (net) {
    await session.send("Network.enable");
    const bytes = (net.kbit * 1000) / 8;
    await session.send("Network.emulateNetworkConditions",
      { offline: false, latency: net.rtt, downloadThroughput: bytes, uploadThroughput: bytes });
  }
  return session;
};

const visit = async (name, browser, url) => {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(watch);
  const person = new Person();
  Object.assign(person, { name, url, page, engine: browser.engine });
  return person;
};

const open = async (name, browser, url) => {
  const person = await visit(name, browser, url);
  await person.page.goto(url);
  await person.see(words.invited);
  return person;
};

/** ms from the click on a button until what follows was drawn. */
const after = async (person, label, selector) => {
  await person.press(label);
  return until(selector, () =>
    person.run((selector) => {
      const { at, clicked } = window.seen;
      return at[selector] > clicked && at[selector] < Infinity && at[selector] - clicked;
    }, selector));
};

/** A first visit over Slow 3G with a slow processor: times in ms. */
export const load = async (browser, port) => {
  const person = await visit("Anna", browser, `http://localhost:${port}/`);
  await throttle(person.page, { cpu: slowdown, net: slow3G });
  await person.page.goto(person.url);
  await until("a form", () => person.run(() => window.seen.at[".open input"] < Infinity));
  await pause(1500);
  const figures = await person.run(() => {
    const { at, tasks } = window.seen;
    const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    const late = tasks.filter(([start]) => start >= paint);
    return {
      paint,
      form: at[".open input"],
      blocking: late.reduce((sum, [, took]) => sum + took - 50, 0),
      longest: Math.max(0, ...late.map(([, took]) => took)),
      before: Math.max(0, ...tasks.filter(([start]) => start < paint).map(([, took]) => took)),
    };
  });
  await person.page.close();
  return figures;
};

/** What an invited person's phone receives until the conversation is there, and the taps of both. */
export const cost = async (browser, other, port) => {
  const tap = await new Tap(port).listen();
  const anna = await open("Anna", other, `http://localhost:${port}/`);
  const ben = await open("Ben", browser, tap.url);
  const { taps, invitation } = await tapToInvitation(anna, pins[0]);
  const figures = { creator: taps, invitee: await tapToChat(ben, `Hi! ${invitation}. At 8?`, pins[1]) };
  figures.requests = tap.requests().length;
  figures.bytes = Buffer.concat(tap.wires.flatMap((wire) => wire.down)).length;
  for (const { page } of [anna, ben]) await page.close();
  await tap.close();
  return figures;
};

/** ms from Open to the chat for who makes a number of this kind: as fast as here, and as slow as a cheap phone on Slow 3G. */
export const opening = async (browser, port, kind) => {
  const figures = {};
  const link = await slowLink(port, slow3G);
  for (const [name, url, cpu] of [["fast", `http://localhost:${port}/`, 1], ["slow", link.url, slowdown]]) {
    const anna = await open("Anna", browser, url);
    if (browser.engine === "chromium") await throttle(anna.page, { cpu });
    else if (cpu > 1) {
      await anna.page.close();
      break;
    }
    await anna.draw(kind);
    await anna.type(words.pin, pins[0]);
    figures[name] = await after(anna, words.open, ".chat");
    await anna.page.close();
  }
  await link.close();
  return figures;
};

/** In a conversation, with a slow processor: typing, the curtain, and a link that was gone. `every`: ms between keys. */
export const talk = async (browser, other, port, every) => {
  const tap = await new Tap(port).listen();
  const anna = await open("Anna", browser, tap.url);
  const ben = await open("Ben", other, `http://localhost:${port}/`);
  const invitation = await anna.create(pins[0]);
  await ben.join(invitation, pins[1]);
  await anna.see(words.connected);
  const session = await throttle(anna.page, { cpu: slowdown });

  let frames = 0;
  await session.send("Network.enable");
  session.on("Network.webSocketFrameSent", () => { frames++; });
  await anna.click("textarea", words.message);
  await pause(500);
  await anna.run(() => { window.seen.tasks.length = 0; });
  for (const key of "The quick brown fox jumps over 13 dogs. ") {
    await anna.page.keyboard.type(key);
    await pause(every);
  }
  const figures = { frames, tasks: await anna.run(() => window.seen.tasks.length) };

  await anna.press(words.hide);
  await anna.type(words.pin, pins[0]);
  figures.lift = await after(anna, words.goOn, ".chat");

  tap.cut();
  await anna.see(words.tryNow);
  tap.mend();
  const back = performance.now();
  await anna.run(() => { dispatchEvent(new Event("online")); });
  await anna.see(words.connected);
  figures.back = performance.now() - back;
  if (!(await anna.value(words.message)).endsWith("dogs. ")) throw new Error("the draft is gone");
  for (const { page } of [anna, ben]) await page.close();
  await tap.close();
  return figures;
};

/** Seconds of processor time that a process and all its children have used. */
export const used = async (root) => {
  const stats = new Map();
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat) stats.set(Number(pid), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
  }
  const sum = (pid) => {
    let ticks = stats.get(pid)?.ticks ?? 0;
    for (const [child, { parent }] of stats) if (parent === pid) ticks += sum(child);
    return ticks;
  };
  return sum(root) / 100;
};

/** Per cent of a core that the whole browser takes for `ms` while nothing happens, on three screens. */
export const idle = async (browser, port, ms) => {
  const root = browser.browser.process().pid;
  const share = async () => {
    await pause(Math.min(2000, ms));
    const before = await used(root);
    await pause(ms);
    return ((await used(root)) - before) / (ms / 1000) * 100;
  };
  const blank = await browser.newPage();
  const figures = { blank: await share() };
  await blank.close();
  const anna = await open("Anna", browser, `http://localhost:${port}/`);
  figures.entry = await share();
  await anna.create(pins[0]);
  await anna.press(words.close);
  await anna.write("waits");
  await anna.see(words.waiting);
  figures.waiting = await share();
  figures.moving = await anna.run(() => document.getAnimations().length);
  await anna.page.close();
  return figures;
};
