// What stays on the disk of a phone when a session is over, however it ended:
// the address and its neutral title, and in Chromium the neutral name of a
// script, the same for all.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { automaton } from "./lib/automaton.js";
import { engines, launch } from "./lib/browser.js";
import { marks, servesCarelessly } from "./lib/careless.js";
import { fakeSpeakers, hasNote, record, spoken, watched } from "./lib/mic.js";
import { formsOf, hashesOf, partsOf } from "./lib/needles.js";
import { Person, until, words } from "./lib/person.js";
import { contents, rows } from "./lib/profile.js";
import { buildRelay, startRelay } from "./lib/relay.js";

// Browsers as people have them: they take up the last session again, and write
// down every so often what it is. Firefox does it every 15 s, which nobody waits
// for here; Chromium every 2.5 s. What a page stores itself, Firefox writes
// after 5 s.
const asPeopleHaveIt = {
  "browser.startup.page": 3,
  "browser.sessionstore.resume_from_crash": true,
  "browser.sessionstore.interval": 500,
  "browser.sessionstore.interval.idle": 500,
};
const untilItIsWritten = () => pause(6000);

/** As text of bytes, and as UTF-16 wherever it may begin. */
const readable = (bytes) =>
  [bytes.toString("latin1"), bytes.toString("utf16le"), bytes.subarray(1).toString("utf16le")].join("\n");

/** The files of a browser's sessions that have the address. */
const sessionsOf = async (home, host) => {
  const names = [];
  for await (const [name, bytes] of contents(home, /session/i)) if (readable(bytes).includes(host)) names.push(name);
  return names;
};

/** Waits until each browser has the address in its session and in its history: else there is nothing to look at. */
const untilAllHaveWritten = async (home, { host }) => {
  await untilItIsWritten();
  for (const engine of engines) {
    await until(`${engine} to write its session`, async () => {
      // A file may go or change while it is read.
      const written = await rows(join(home, engine), ...books[engine].history).catch(() => []);
      const sessions = await sessionsOf(join(home, engine), host).catch(() => []);
      return written.some(({ title }) => title === words.title) && sessions.length > 0;
    });
  }
};

const settle = (engine, home) => launch(engine, undefined, { home, prefs: asPeopleHaveIt });

/** Starts Chromium where it was: it takes up its session if it is told, and not told of a page to begin with. */
const restore = async (home) => {
  const path = join(home, "profile/Default/Preferences");
  const preferences = JSON.parse(await readFile(path, "utf8").catch(() => "{}"));
  const session = { ...preferences.session, restore_on_startup: 1 };
  await writeFile(path, JSON.stringify({ ...preferences, session }));
  const extra = { home, args: ["--hide-crash-restore-bubble"], without: ["--enable-automation", "about:blank"] };
  return launch("chromium", undefined, extra);
};

/** Gives a folder to keep things in, and ends the browsers that were started in it. */
const withHome = async (work) => {
  const home = await mkdtemp(join(tmpdir(), "notes-home-"));
  const started = [];
  try {
    return await work(home, (browser) => {
      started.push(browser);
      return browser;
    });
  } finally {
    for (const browser of started) await browser.kill();
    await rm(home, { recursive: true, force: true, maxRetries: 30 });
  }
};

const lower = (bytes) => Buffer.from(bytes.toString("latin1").toLowerCase(), "latin1");

/** Where each secret is, in whatever form; upper and lower case are one. */
const search = async (home, secrets) => {
  const needles = secrets.flatMap((secret) =>
    [...formsOf(secret)]
      .filter(([form]) => !form.startsWith("reversed"))
      .map(([form, bytes]) => ({ secret, form, bytes: lower(bytes) })));
  const findIn = automaton(needles.map(({ bytes }) => bytes));
  const found = [];
  for await (const [name, bytes] of contents(home)) {
    for (const index of findIn(lower(bytes))) {
      const { secret, form } = needles[index];
      found.push({ secret, form, name });
    }
  }
  return found;
};

test("the automaton finds every needle, those within others too", () => {
  const words = ["he", "she", "his", "hers", "herself", "e", "shell"].map((word) => Buffer.from(word));
  for (const text of ["", "ushers", "shersh", "shellshis", "hhhee", "herself"]) {
    const bytes = Buffer.from(text);
    const plain = words.flatMap((word, i) => (bytes.includes(word) ? [i] : []));
    assert.deepEqual([...automaton(words)(bytes)].sort(), plain, text);
  }
});

describe("a careless page", { concurrency: true }, () => {
  for (const engine of engines) {
    test(`${engine} was killed: the search finds what it left in every store`, () =>
      withHome(async (home, keep) => {
        const careless = await servesCarelessly();
        const browser = keep(await settle(engine, home));
        const missing = async () => {
          const found = new Set((await search(home, Object.values(marks))).map(({ secret }) => secret));
          return Object.keys(marks).filter((place) => !found.has(marks[place]));
        };
        try {
          const [page] = await browser.browser.pages();
          await careless.leavesTraces(page);
          // Each browser writes each of them in its own time.
          await until(`${engine} to write everything`, async () => {
            await pause(2000);
            return (await missing()).length === 0;
          });
        } finally {
          await browser.kill();
          careless.stop();
        }
        assert.deepEqual(await missing(), []);
      }));
  }
});

const pins = ["830274651946", "615902738240"];
const texts = ["umbrella at seven", "the blue door then", "rather not today", "perhaps tomorrow"];

/** Everything that people do, and in each browser two things half done: a draft, and a filled first screen. */
const session = async (people, kind) => {
  const [anna, ben] = people;
  const invitation = await anna.create(pins[0], kind);
  await anna.press(words.qr);
  await until("a QR code", () => anna.run(() => (document.querySelector("canvas")?.width ?? 0) > 100));
  await anna.press(words.copy);
  await ben.join(`Look: ${invitation}`, pins[1]);
  await anna.see(words.connected);
  await anna.write(texts[0]);
  await ben.sees(texts[0]);
  await ben.write(texts[1]);
  await anna.sees(texts[1]);
  await ben.press(words.hide);
  await anna.write(texts[2]);
  await anna.sees(texts[2], kind === words.newNumber ? words.onlyTheirPage : words.onRelay);
  // Now it is both people's turn.
  await anna.choose(words.remove);
  await ben.comeBack(pins[1]);
  for (const [i, person] of people.entries()) {
    await person.type(words.message, texts[3]);
    const half = await Person.visit(`${person.name} again`, person.browser, person.url);
    await half.paste(words.number, invitation);
    await half.type(words.pin, pins[i]);
    await half.press(words.peek);
  }
  return [...partsOf(invitation), ...hashesOf(invitation, pins), ...pins, ...texts];
};

/** What a history, a password store and a form store may hold. */
const books = {
  chromium: {
    history: ["profile/Default/History", "select url, title from urls"],
    empty: [
      ["profile/Default/Web Data", "select * from autofill"],
      ["profile/Default/Login Data", "select origin_url from logins"],
      ["profile/Default/Favicons", "select page_url from icon_mapping"],
    ],
  },
  firefox: {
    history: ["profile/places.sqlite", "select url, title from moz_places where url like '%localhost%'"],
    empty: [
      ["profile/formhistory.sqlite", "select * from moz_formhistory"],
      ["profile/favicons.sqlite", "select icon_url from moz_icons where icon_url not like 'fake-favicon-uri:https://%.mozilla.org/%'"],
    ],
  },
};

/** Nothing but the address and its neutral title is there. */
const assertBare = async ({ engine, home, url, secrets }) => {
  assert.deepEqual(await search(home, secrets), [], engine);
  const { host, port } = new URL(url);
  // Of the origin itself there is one address, and no folder of its own.
  // What is so short must also end or go on as an address does: behind the
  // address there may be a byte of anything.
  const telling = new RegExp(`${host}/(?:room|api|about|security|numbers|help|strings|licences|x["'\\s\\0]|[?#][\\w=%])`, "i");
  const script = new RegExp(`${host}/(?:more|rest|side)-`);
  for await (const [name, bytes] of contents(home)) {
    const text = readable(bytes);
    assert.doesNotMatch(text, telling, `${name} in ${engine}`);
    assert.doesNotMatch(name, new RegExp(`localhost.${port}`), `storage of its own in ${engine}`);
    // It writes down which scripts it has met, no-store or not.
    if (!name.startsWith("profile/Default/Code Cache/js/")) assert.doesNotMatch(text, script, `${name} in ${engine}`);
  }
  // The test is worth nothing if the browser had not written yet.
  assert.notDeepEqual(await sessionsOf(home, host), [], `${engine} wrote nothing of the session`);
  const { history, empty } = books[engine];
  assert.deepEqual(await rows(home, ...history), [{ url, title: words.title }], `history of ${engine}`);
  for (const book of empty) assert.deepEqual(await rows(home, ...book), [], `${engine}: ${book[1]}`);
  const files = await readdir(join(home, "profile"));
  assert.ok(!files.includes("logins.json"), "Firefox keeps passwords");
};

/** Says yes for good to the question for the microphone, where a person's yes is kept. */
const allowInChromium = async (home, url) => {
  const mic = { media_stream_mic: { [`${new URL(url).origin},*`]: { setting: 1 } } };
  await mkdir(join(home, "profile/Default"), { recursive: true });
  await writeFile(join(home, "profile/Default/Preferences"), JSON.stringify({ profile: { content_settings: { exceptions: mic } } }));
};

const allowInFirefox = async ({ browser: { connection } }, url) => {
  const { result } = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
  await connection.send("script.evaluate", {
    expression: `Services.perms.addFromPrincipal(Services.scriptSecurityManager.createContentPrincipalFromOrigin("${new URL(url).origin}"), "microphone", 1)`,
    target: { context: result.contexts[0].context },
    awaitPromise: true,
  });
};

/** The files in which one of these bytes are, in whatever way they are packed. */
const filesWith = async (home, needles) => {
  const found = new Set();
  for await (const [name, bytes] of contents(home)) {
    if (needles.some((needle) => bytes.includes(needle))) found.add(name.split(" (")[0]);
  }
  return [...found];
};

const killed = "both browsers are killed: the address and its neutral title";

const closed = "both browsers are closed: the address and its neutral title";

const endings = {
  [killed]: async (people) => {
    for (const { browser } of people) await browser.kill();
  },
  [closed]: async (people) => {
    for (const { browser } of people) await browser.close();
  },
  "both people panic, then the browsers are killed: the address and its neutral title": async (people) => {
    for (const person of people) {
      await person.page.bringToFront();
      await person.comeBack(pins[person.name === "Anna" ? 0 : 1]);
      await person.panic(async () => {
        await person.page.keyboard.press("Escape");
        await person.page.keyboard.press("Escape");
      });
    }
    await untilItIsWritten();
    for (const { browser } of people) await browser.kill();
  },
};

describe("what stays on the disk of Chromium and Firefox", () => {
  let built;
  let relay;

  before(async () => {
    built = await buildRelay();
    relay = await startRelay(built.binary);
  });

  after(async () => {
    await relay?.stop();
    await built?.remove();
  });

  test("a voice note was recorded and heard: the permission, and nothing else", () =>
    withHome(async (home, keep) => {
      const url = `http://localhost:${relay.port}/`;
      const strings = await spoken();
      const people = [];
      for (const [i, who] of ["Anna", "Ben"].entries()) {
        const at = join(home, engines[i]);
        if (engines[i] === "chromium") await allowInChromium(at, url);
        const browser = keep(await launch(engines[i], undefined, {
          home: at,
          args: ["--use-fake-device-for-media-stream"],
          prefs: { ...asPeopleHaveIt, ...fakeSpeakers, "media.navigator.streams.fake": true },
        }));
        if (engines[i] === "firefox") await allowInFirefox(browser, url);
        people.push(await watched(await Person.visit(who, browser, url)));
      }
      const [anna, ben] = people;
      const invitation = await anna.create(pins[0], words.newNumber);
      await ben.join(invitation, pins[1]);
      await anna.see(words.connected);
      const notes = [];
      for (const [from, to] of [[anna, ben], [ben, anna]]) {
        await from.page.bringToFront();
        await record(from, strings, 2);
        await from.press(words.send);
        await to.page.bringToFront();
        await hasNote(to);
        await to.click(".bubble:last-child button", strings.play);
        await until("it to be decoded", () => to.run(() => window.decoded.length > 0));
        await to.glance();
        notes.push(Buffer.from(await to.run(() => [...window.decoded.at(-1)])));
      }
      await untilAllHaveWritten(home, new URL(url));
      for (const { browser } of people) await browser.close();
      const needles = notes.flatMap((note) => [0.3, 0.6, 0.9].map((part) => note.subarray(note.length * part, note.length * part + 16)));
      const planted = join(home, "firefox", "planted");
      await writeFile(planted, gzipSync(notes[1]));
      assert.deepEqual(await filesWith(join(home, "firefox"), needles), ["planted"], "the search finds what is there, and nothing else");
      await rm(planted);
      assert.deepEqual(await filesWith(join(home, "chromium"), needles), []);
      const secrets = [...partsOf(invitation), ...hashesOf(invitation, pins), ...pins];
      for (const engine of engines) await assertBare({ engine, home: join(home, engine), url, secrets });
      const { profile } = JSON.parse(await readFile(join(home, "chromium/profile/Default/Preferences"), "utf8"));
      const about = Object.entries(profile.content_settings.exceptions).filter(([, sites]) => JSON.stringify(sites).includes(`:${relay.port},`));
      // Each browser keeps two more rows of every address; that sound was played is not in them.
      const usual = ["media_engagement", "site_engagement"];
      assert.deepEqual(about.map(([name]) => name).filter((name) => !usual.includes(name)), ["media_stream_mic"]);
      assert.doesNotMatch(JSON.stringify(about), /"mediaPlaybacks":[^0]/);
      assert.deepEqual(
        await rows(join(home, "firefox"), "profile/permissions.sqlite",
          "select origin, type, permission from moz_perms where type not in ('highValueCOOP', 'storageAccessAPI')"),
        [{ origin: new URL(url).origin, type: "microphone", permission: 1 }]);
    }));

  for (const [name, finish] of Object.entries(endings)) {
    test(name, () =>
      withHome(async (home, keep) => {
        const url = `http://localhost:${relay.port}/`;
        const people = [];
        for (const [i, who] of ["Anna", "Ben"].entries()) {
          const engine = engines[i];
          const browser = keep(await settle(engine, join(home, engine)));
          people.push(await Person.visit(who, browser, url));
        }
        const secrets = await session(people, name === closed ? words.shortNumber : words.newNumber);
        await untilAllHaveWritten(home, new URL(url));
        await finish(people);
        for (const engine of engines) await assertBare({ engine, home: join(home, engine), url, secrets });
        if (name !== killed) return;
        // Whoever opens Chromium again gets the page, and nothing that was on it.
        // What Firefox would take it up from was searched above.
        const again = keep(await restore(join(home, "chromium")));
        const page = await until("the page to be back", async () =>
          (await again.browser.pages()).find((page) => page.url() === url));
        await until("the first screen", async () =>
          (await page.evaluate(() => document.body.innerText)).includes(words.invited));
        const fields = await page.evaluate(() =>
          [...document.querySelectorAll("input, textarea")].map(({ value }) => value).join(""));
        assert.equal(fields, "");
      }));
  }
});
