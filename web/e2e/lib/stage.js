// What most tests need: a relay, both browsers, and two people, each with a
// wire of their own.

import { after, afterEach, before } from "node:test";
import { engines, launch } from "./browser.js";
import { Person, words } from "./person.js";
import { buildRelay, startRelay } from "./relay.js";
import { Tap } from "./tap.js";

/** Who opens and who is invited, so that each engine is in each place. */
export const pairs = engines.map((engine) => [engine, engines.find((other) => other !== engine)]);

// All suites of a file use the same browsers, as starting them takes longer than
// most tests do. What a page could leave in them is of an origin of its own.
const shared = {};
let suites = 0;

const closeShared = async () => {
  for (const browser of Object.values(shared)) await browser.close();
};

/** Must be called within a suite. */
export const stage = (...flags) => {
  const { it, raise, clear, close } = theatre(flags, shared);
  // Every suite is announced before the first one runs.
  suites++;
  before(() => raise());
  afterEach(clear);
  after(async () => {
    await close();
    if (--suites === 0) await closeShared();
  });
  return it;
};

/** The stage, and what raises, clears and closes it. Browsers that are given stay open, and those that are missing are added. */
export const theatre = (flags, browsers) => {
  // That every join takes half a second is the relay's own affair.
  const all = ["--join-floor", "off", ...flags];
  let built;
  let present = [];
  const it = {
    relay: null,
    browsers: browsers ?? {},

    /** Someone opens the page, over a wire of their own. */
    async visit(name, engine) {
      const tap = await new Tap(it.relay.port).listen();
      const person = await Person.visit(name, it.browsers[engine], tap.url);
      person.tap = tap;
      present.push(person);
      return person;
    },

    /** Two people in conversation. */
    async pair([first, second], pins = ["314159", "271828"], kind = words.shortNumber) {
      const anna = await it.visit("Anna", first);
      const ben = await it.visit("Ben", second);
      const invitation = await anna.create(pins[0], kind);
      await ben.join(invitation, pins[1]);
      await anna.missing(invitation);
      return { anna, ben, invitation };
    },

    /** Another relay in the place of this one, which has forgotten everything and perhaps had no time to say so. */
    async restart(how = "stop") {
      // Another program may get the port that becomes free.
      for (const person of present) person.tap.target = null;
      await it.relay[how]();
      it.relay = await startRelay(built.binary, ...all);
      for (const person of present) person.tap.target = it.relay.port;
    },
  };

  const raise = async (size, extra) => {
    built = await buildRelay();
    it.relay = await startRelay(built.binary, ...all);
    for (const engine of engines) it.browsers[engine] ??= await launch(engine, size, extra);
  };

  const clear = async () => {
    const people = present;
    present = [];
    const wrong = [];
    for (const person of people) {
      await person.behaved().catch((error) => wrong.push(error));
      await person.page.close();
      // An open one would keep the file from ending.
      await person.tap.close();
    }
    if (wrong.length) throw wrong[0];
  };

  const close = async () => {
    if (!browsers) for (const browser of Object.values(it.browsers)) await browser.close();
    await it.relay?.stop();
    await built?.remove();
  };

  return { it, raise, clear, close };
};
