// Phones whose clocks are a day and more wrong: messages are stamped and what
// ends is counted by the relay's clock; what a person compares with the phone's
// is said in the phone's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { say, until, words } from "./lib/person.js";
import { stage } from "./lib/stage.js";

const hour = 3_600_000;

/** Runs in every document before its script: the clock goes wrong by so many ms, and can be set. */
const wrong = (by) => {
  const right = Date;
  window.setClock = (ms) => (by = ms);
  window.Date = class extends right {
    constructor(...values) {
      super(...(values.length ? values : [right.now() + by]));
    }

    static now() {
      return right.now() + by;
    }
  };
};

/** Every minute of this machine's clock between then and now, and one before and after, by a clock that is wrong by so many ms. */
const since = (then, by = 0) => {
  const minutes = [];
  for (let at = then - 60_000; at <= Date.now() + 60_000; at += 60_000) minutes.push(new Date(at + by).toTimeString().slice(0, 5));
  return minutes;
};

/** What the message says, also when a veil was just being lifted. */
const bubble = (person) => until("a message", () => person.run(() => document.querySelector(".talk")?.innerText.trim() || null));

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    // It ends in more than two days, or in less, and that is not for the phone's own clock to say.
    const [which, by, ttl, told] = engine === "chromium" ? ["fast", 25 * hour, "60h", ""] : ["slow", -25 * hour, "40h", words.twoDays];
    const on = stage("--room-ttl", ttl, "--lockout-attempts", "2");

    const visitWith = async (name, by) => {
      const person = await on.visit(name, engine);
      await person.page.evaluateOnNewDocument(wrong, by);
      await person.reload();
      return person;
    };

    test(`a clock that is 25 hours ${which}`, async () => {
      const anna = await visitWith("Anna", by);
      const invitation = await anna.create("314159");
      // She hears of the relay's clock with the first message: until then rather nothing than nonsense.
      assert.ok(!(await anna.text()).includes(say("joinFor", { hours: 0 })));
      const ben = await on.visit("Ben", engine);
      await ben.join(invitation, "271828");
      await anna.comeBack("314159");
      let before = Date.now();
      await anna.write("what time is it?");
      await anna.lies(words.onRelay);
      const own = await bubble(anna);
      assert.ok(since(before).some((time) => own.includes(time)), own);
      await ben.comeBack("271828");
      before = Date.now();
      await ben.write("late");
      await anna.comeBack("314159");
      await anna.sees("late");
      const others = await bubble(anna);
      assert.ok(since(before).some((time) => others.includes(time)), others);
      await anna.isTold(told);
    });

    if (engine !== "chromium") return; // what follows no engine changes

    test("locked: until when by the phone's own clock", async () => {
      const anna = await on.visit("Anna", engine);
      const invitation = await anna.create("314159");
      const eve = await visitWith("Eve", 25 * hour);
      await eve.enter(invitation.replace(/, code.*/, ""), "000000");
      await eve.see(words.askRef);
      const before = Date.now();
      await eve.ask();
      await eve.see(words.locked.split("{")[0]);
      const told = await eve.status();
      assert.ok(since(before, 25.5 * hour).some((time) => told === say("locked", { time })), told);
    });

    test("a fast clock is set right in mid-conversation: a broken link still mends", async () => {
      const anna = await visitWith("Anna", 25 * hour);
      const invitation = await anna.create("314159");
      const ben = await on.visit("Ben", engine);
      await ben.join(invitation, "271828");
      await anna.comeBack("314159");
      await anna.write("before");
      await anna.lies(words.onRelay);
      anna.tap.cut();
      await anna.see(words.reconnecting);
      await anna.run(() => window.setClock(0));
      anna.tap.mend();
      await anna.see(words.connected);
      await anna.sees("before");
    });
  });
}
