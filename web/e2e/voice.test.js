// Voice notes of a private number: made, heard, sent, taken back.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { begin, fakeMicrophone, hasNote, record, spoken, tracks, watched } from "./lib/mic.js";
import { until, words } from "./lib/person.js";
import { pairs, theatre } from "./lib/stage.js";

const strings = await spoken();
const pins = ["314159", "271828"];

/** Plays the newest message to its end; gives the bytes that were played. */
const listens = async (person) => {
  await person.run(() => { window.decoded.length = 0; });
  const button = await person.find(".bubble:last-child button", strings.play);
  await button.click();
  const at = () => person.run(() => Number(document.querySelector(".bubble:last-child [type=range]").value));
  await until("it to go on", async () => (await at()) > 0.3).catch((error) => person.tellWhatThereIs(error));
  await until("its end", async () => (await at()) === 0 && person.glimpse(".bubble:last-child button", strings.play));
  return person.run(() => [...window.decoded[0]]);
};

/** What is in a recording: channels, and bits in a second. */
const soundIn = (bytes, seconds) => {
  const data = Buffer.from(bytes);
  const head = data.indexOf("OpusHead");
  assert.ok(head > 0, "it is Opus");
  return { channels: data[head + 9], kbit: (bytes.length * 8) / seconds / 1000 };
};

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const { it: on, raise, clear, close } = theatre([]);
    before(() => raise(undefined, fakeMicrophone));
    afterEach(clear);
    after(close);

    const couple = async (kind = words.newNumber) => {
      const { anna, ben } = await on.pair(pair, pins, kind);
      for (const person of [anna, ben]) {
        await watched(person);
        await person.see(words.connected);
      }
      return [anna, ben];
    };

    test("one is recorded, thrown away, recorded again, sent, heard at both speeds and answered", async () => {
      const [anna, ben] = await couple();
      await record(anna, strings, 1);
      await anna.press(strings.discard);
      await anna.find("textarea", words.message);
      await record(anna, strings, 4);
      await anna.press(words.send);
      await hasNote(ben);
      await hasNote(anna, words.read);
      assert.equal(await tracks(anna), "ended,ended");
      const heard = await listens(ben);
      const { channels, kbit } = soundIn(heard, 4);
      assert.equal(channels, 1);
      assert.ok(kbit > 8 && kbit < 20, `${kbit} kbit/s`);
      await (await ben.find(".bubble:last-child button", "1.5×")).click();
      assert.deepEqual(await listens(ben), heard);
      await record(ben, strings, 1);
      await ben.press(words.send);
      await hasNote(ben, words.read);
      await listens(anna);
      await anna.press(words.hide);
      await until("the curtain", () => anna.run(() => !document.querySelector(".player")));
      await anna.comeBack(pins[0]);
      await hasNote(anna);
      await anna.write("heard");
      await ben.sees("heard");
    });
  });
}
