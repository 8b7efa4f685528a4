// Bad links, restarts and phones that fall asleep: nothing is lost, doubled or
// reordered, what is being written stays, and the page says how things are.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { assertLedger, keepLedger } from "./lib/ledger.js";
import { startNetworks } from "./lib/networks.js";
import { buildPeer } from "./lib/peer.js";
import { until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

/** What the browser tells the page when the phone loses its network and has it again. */
const network = (person, is) =>
  person.run((is) => {
    Object.defineProperty(navigator, "onLine", { value: is, configurable: true });
    dispatchEvent(new Event(is ? "online" : "offline"));
  }, is);

/**
 * What happens to the link of somebody with half a sentence in the composer,
 * who then presses Send: before it, and after it.
 */
const faults = {
  "the connection is reset": {
    before: ({ tap }) => tap.reset(),
  },
  "the relay keeps a ghost of the old connection": {
    before: ({ tap }) => tap.strand(),
  },
  "there is no network for a while": {
    async before(person) {
      await network(person, false);
      person.tap.cut();
      await person.see(words.noNetwork);
    },
    async after(person) {
      await person.see(words.here);
      person.tap.mend();
      await network(person, true);
    },
  },
  "the message is lost on the way": {
    before: ({ tap }) => tap.hold("up"),
    async after({ tap }) {
      await until("the message on the wire", () => tap.holds("up"));
      tap.cut();
      tap.release();
      tap.mend();
    },
  },
  "its acknowledgement is lost on the way": {
    before: ({ tap }) => tap.hold("down"),
    async after(person, other, text) {
      await other.sees(text);
      await person.see(words.here);
      person.tap.cut();
      person.tap.release();
      person.tap.mend();
    },
  },
  "nothing arrives, and the phone notices when it looks": {
    async before(person) {
      person.tap.swallow();
      // What a phone does on waking: the page has 3 s to find its socket dead.
      await network(person, true);
      await person.see(words.reconnecting);
    },
    async after(person) {
      await person.see(words.here);
      person.tap.release();
    },
  },
  "it goes through bit by bit": {
    before: ({ tap }) => tap.drip(24),
    async after({ tap }, other, text) {
      await other.sees(text);
      tap.drip(0);
    },
  },
};

/** Writes under a fault, and waits until it is on the other's screen. */
const writeUnder = async (fault, person, other, text) => {
  const half = Math.floor(text.length / 2);
  await person.type(words.message, text.slice(0, half));
  await fault.before(person);
  assert.equal(await person.value(words.message), text.slice(0, half));
  const composer = await person.find("textarea", words.message);
  await composer.type(text.slice(half));
  await person.send();
  await fault.after?.(person, other, text);
  await other.sees(text);
  await person.sees(text, words.read);
  await person.see(words.waiting);
};

const pins = ["314159", "271828"];
const kinds = { "a short number": words.shortNumber, "a private number": words.newNumber };

/** The number, and of a private one its code. */
const numberOf = (invitation) => invitation.match(/\+[\d ]+(?:,,[\d ]+)?/)[0].trim();
const secretsOf = (invitation, ...pins) => [numberOf(invitation), numberOf(invitation).replace(/\D/g, ""), ...pins];

describe("Chromium and Firefox on bad links", () => {
  const on = stage();

  const pairWithLedgers = async (kind) => {
    const { anna, ben, invitation } = await on.pair(pairs[0], pins, kind);
    for (const person of [anna, ben]) await keepLedger(person, secretsOf(invitation, ...pins));
    return { anna, ben };
  };

  for (const [name, kind] of Object.entries(kinds)) {
    test(`${name}, whatever happens to the link: nothing lost, doubled or reordered`, async () => {
      const { anna, ben } = await pairWithLedgers(kind);
      const texts = [];
      // What befalls one browser with the one kind of number befalls the other with the other.
      let people = kind === words.newNumber ? [anna, ben] : [ben, anna];
      for (const [name, fault] of Object.entries(faults)) {
        texts.push(`${texts.length}: ${name}`);
        await writeUnder(fault, ...people, texts.at(-1));
        people = people.toReversed();
      }
      for (const person of [anna, ben]) await assertLedger(person, texts);
    });

    test(`${name}, the relay is killed in mid-sentence: nobody pretends, and both go on behind the ref or code they hold`, async () => {
      const { anna, ben } = await pairWithLedgers(kind);
      await anna.write("will be lost");
      await ben.sees("will be lost");
      await ben.type(words.message, "half a sen");
      await on.restart("kill");
      for (const person of [anna, ben]) await person.see(words.missing);
      assert.equal(await ben.value(words.message), "half a sen");
      await ben.sees("will be lost", words.onlyHere);
      await anna.sees("");
      await (await ben.find("textarea", words.message)).type("tence");
      for (const person of [ben, anna]) await person.press(words.startAgain);
      for (const person of [anna, ben]) await person.see(words.connected);
      await ben.send();
      await anna.sees("half a sentence");
      for (const person of [anna, ben]) await assertLedger(person, ["will be lost", "half a sentence"]);
    });

    test(`${name}, a frozen tab, in Chromium; Firefox never freezes one`, async () => {
      const { anna, ben } = await pairWithLedgers(kind);
      await anna.type(words.message, "half a sentence");
      const other = await anna.browser.newPage();
      const devtools = await anna.page.createCDPSession();
      await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
      await ben.write("first");
      await ben.choose(words.remove);
      // Of a private number something stays in its place.
      const deleted = kind === words.newNumber ? [words.deleted] : [];
      for (const text of deleted) await ben.sees(text);
      await ben.write("second");
      await ben.sees("second", kind === words.newNumber ? "" : words.onRelay);
      await devtools.send("Page.setWebLifecycleState", { state: "active" });
      await anna.comeBack(pins[0]);
      await other.close();
      await anna.sees("second");
      await ben.sees("second", words.read);
      assert.equal(await anna.value(words.message), "half a sentence");
      await anna.send();
      await ben.sees("half a sentence");
      await assertLedger(ben, ["first", ...deleted, "second", "half a sentence"]);
    });
  }

  test("a private number on 3G, and in a tunnel while one sends and the other writes", async () => {
    const { anna, ben } = await pairWithLedgers(words.newNumber);
    const networks = await startNetworks(on.relay.port, "3g", 2);
    try {
      for (const [i, { tap }] of [anna, ben].entries()) {
        tap.target = networks.ports[i];
        tap.reset();
      }
      for (const [i, person] of [anna, ben].entries()) {
        await until("a phone on 3G", async () => (await networks.status(networks.ports[i])).accepted > 0);
        await person.see(words.connected);
      }
      await ben.type(words.message, "half a sentence");
      await networks.blackout("1h");
      await anna.write("into the tunnel");
      await anna.see(words.here);
      // The page gives an answer 10 s.
      await anna.see(words.reconnecting);
      assert.equal(await anna.value(words.message), "into the tunnel");
      await networks.blackout("0s");
      for (const person of [anna, ben]) await network(person, true);
      await ben.sees("into the tunnel");
      await anna.sees("into the tunnel", words.read);
      assert.equal(await ben.value(words.message), "half a sentence");
      await ben.send();
      await anna.sees("half a sentence");
      for (const person of [anna, ben]) {
        await person.see(words.connected);
        await assertLedger(person, ["into the tunnel", "half a sentence"]);
      }
    } finally {
      await networks.close();
    }
  });

  test("both phones sleep while the links break, the other's message is there on waking", async () => {
    const { anna, ben } = await pairWithLedgers();
    await ben.type(words.message, "half a sentence");
    // Every process of the browser stands still, as in Doze.
    ben.browser.sleep();
    ben.tap.reset();
    await anna.write("while you slept");
    await anna.sees("while you slept", words.onRelay);
    await anna.see(words.notConnected);
    anna.browser.sleep();
    anna.tap.strand();
    for (const { browser } of [anna, ben]) browser.wake();
    await ben.sees("while you slept");
    await anna.sees("while you slept", words.read);
    assert.equal(await ben.value(words.message), "half a sentence");
    await ben.send();
    await anna.sees("half a sentence");
    for (const person of [anna, ben]) await assertLedger(person, ["while you slept", "half a sentence"]);
  });

  for (const pair of pairs) {
    test(`two tabs of one person in ${pair[0]}: both have it all, each keeps its draft`, async () => {
      const { anna, ben, invitation } = await on.pair(pair);
      await anna.type(words.message, "written in the first tab");
      const tab = await on.visit("Anna's second tab", pair[0]);
      await tab.join(numberOf(invitation), "314159");
      for (const [person, secrets] of [[tab, secretsOf(invitation, "314159")], [ben, []]]) await keepLedger(person, secrets);
      await tab.write("one");
      await ben.sees("one");
      await anna.comeBack("314159");
      await anna.sees("one", words.read);
      await anna.see(words.waiting);
      await ben.write("two");
      await anna.sees("two");
      assert.equal(await anna.value(words.message), "written in the first tab");
      await anna.send();
      await ben.sees("written in the first tab");
      await tab.comeBack("314159");
      await tab.sees("written in the first tab", words.read);
      await assertLedger(ben, ["one", "two", "written in the first tab"]);
      // It was hidden meanwhile.
      await assertLedger(tab, ["one", "written in the first tab"]);
    });
  }
});

describe("on bad links, with the Go client on the other side", () => {
  let gophers;
  const on = stage();
  after(() => gophers?.remove());

  for (const engine of engines) {
    test(`${engine}: the other client heard each once, in order`, async () => {
      gophers ??= await buildPeer();
      const anna = await on.visit("Anna", engine);
      const invitation = await anna.create("314159");
      const gopher = gophers.start({
        url: `http://127.0.0.1:${on.relay.port}`, number: invitation, pin: "271828",
      });
      await anna.see(words.connected);
      await keepLedger(anna, secretsOf(invitation, "314159"));
      // What the fault asks of the other one.
      const other = { sees: (text) => gopher.hears("message", text) };
      const texts = [];
      for (const name of ["the message is lost on the way", "its acknowledgement is lost on the way", "the connection is reset"]) {
        texts.push(`${texts.length}: ${name}`);
        await writeUnder(faults[name], anna, other, texts.at(-1));
        texts.push(`${texts.length}: answered`);
        anna.tap.reset();
        gopher.tell(texts.at(-1));
        await anna.sees(texts.at(-1));
      }
      await assertLedger(anna, texts);
      const heard = gopher.heard.filter(({ event, mine }) => event === "message" && !mine).map(({ text }) => text);
      assert.deepEqual(heard, texts.filter((_, i) => i % 2 === 0));
      await gopher.leave();
    });
  }
});
