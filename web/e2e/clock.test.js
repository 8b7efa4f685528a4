// Phones whose clocks are a day and more wrong: messages are stamped and what
// ends is counted by the relay's clock.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { until, words } from "./lib/person.js";
import { stage } from "./lib/stage.js";

const hour = 3_600_000;

/** Runs in every document before its script: the clock goes wrong by so many ms. */
const wrong = (by) => {
  const right = Date;
  window.Date = class extends right {
    constructor(...values) {
      super(...(values.length ? values : [right.now() + by]));
    }

    static now() {
      return right.now() + by;
    }
  };
};

/** Every minute of this machine's clock between then and now, and one before and after. */
const since = (then) => {
  const minutes = [];
  for (let at = then - 60_000; at <= Date.now() + 60_000; at += 60_000) minutes.push(new Date(at).toTimeString().slice(0, 5));
  return minutes;
};

/** What the message says, also when a veil was just being lifted. */
const bubble = (person) => until("a message", () => person.run(() => document.querySelector(".talk")?.innerText.trim() || null));

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    // It ends in more than two days, or in less, and that is not for the phone's own clock to say.
    const [which, by, ttl, told] = engine === "chromium" ? ["fast", 25 * hour, "60h", ""] : ["slow", -25 * hour, "40h", words.twoDays];
    const on = stage("--room-ttl", ttl);

    test(`a clock that is 25 hours ${which}`, async () => {
      const anna = await on.visit("Anna", engine);
      await anna.page.evaluateOnNewDocument(wrong, by);
      await anna.reload();
      const invitation = await anna.create("314159");
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
  });
}
