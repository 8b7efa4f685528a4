// What people write, in every script and at every length, and what others
// write to do harm: it arrives as it was, and is text.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { find } from "./lib/needles.js";
import { say, until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

const texts = [
  "😀🏳️‍🌈👩‍👩‍👧‍👦👍🏽🇰🇪 𝒳𝓎𝓏 𠜎𠜱",
  "e\u0301 vs \u00e9, z\u0337\u0322\u031b\u0358a\u035c\u0361l\u0348g\u0308o",
  "क्षत्रिय नमस्ते, हिन्दी में",
  "السلام عليكم، الساعة ٧:٣٠",
  "می‌خواهم ABC שלום\u202Efdp.exe\u202C",
  "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>&amp;\u0026lt;",
  "javascript:alert(1) https://example.invalid/a?b=c#d {n} {bytes} %s ${x} \\u0041 \" ' ` \t|",
];

const most = 8176; // 8,192 sealed

/** Puts a text into a field as a paste does, and says how long the page was busy with it, in ms. */
const put = async (person, kind, label, text) => {
  const field = await person.find(kind, label);
  return field.evaluate(async (element, text) => {
    const before = performance.now();
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.focus();
    element.select();
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    if (element.dispatchEvent(event)) {
      element.setRangeText(text, 0, element.value.length, "end");
      element.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
    }
    await new Promise((resolve) => setTimeout(resolve));
    return Math.round(performance.now() - before);
  }, text);
};

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("a paste of 1 MB: the page says by how much it is too long, and goes on", async (t) => {
      const anna = await on.visit("Anna", pair[0]);
      for (const [what, text] of [
        ["words", "nothing of use ".repeat(70_000)],
        ["digits", "12 34 ".repeat(175_000)],
        ["signs", "+(".repeat(525_000)],
      ]) {
        t.diagnostic(`1 MB of ${what} in the number field: ${await put(anna, "input", words.number, text)} ms`);
      }
      await anna.reload();
      const invitation = await anna.create("314159");
      const ben = await on.visit("Ben", pair[1]);
      await ben.join(invitation, "271828");
      await ben.find("textarea", words.message);
      const megabyte = "ä".repeat(2 ** 19);
      t.diagnostic(`1 MB in the composer: ${await put(ben, "textarea", words.message, megabyte)} ms`);
      await ben.isTold(say("tooLong", { bytes: 2 ** 20 - most }));
      await (await ben.find("textarea", words.message)).type("b");
      await ben.isTold(say("tooLong", { bytes: 2 ** 20 + 1 - most }));
      await put(ben, "textarea", words.message, "short");
      await ben.isTold("");
      await ben.press(words.send);
      await anna.comeBack("314159");
      await anna.sees("short");
    });
  });
}

// Each of them writes, and each of them reads.
describe("Chromium opens, Firefox is invited", () => {
  const [pair] = pairs;
  const on = stage();

  test("every script arrives as it was written, markup is text, and none of it is readable on the wire", async () => {
    const { anna, ben } = await on.pair(pair);
    const shown = (person) => person.run(() => document.querySelector("[role=log]").textContent);
    for (const [i, text] of texts.entries()) {
      const [writer, reader] = i % 2 ? [ben, anna] : [anna, ben];
      await writer.put(words.message, text);
      await writer.send();
      for (const person of [reader, writer]) {
        await until(`"${text}" on ${person.name}'s screen`, async () => (await shown(person)) === text);
        const { elements, rtl } = await person.run(() => {
          const bubble = document.querySelector("[role=log] *");
          return { elements: bubble.childElementCount, rtl: bubble.matches(":dir(rtl)") };
        });
        assert.equal(elements, 0, "markup became elements");
        assert.equal(rtl, /^[\u0590-\u06ff]/.test(text), text);
      }
      await writer.lies(words.read);
    }
    for (const person of [anna, ben]) {
      const wire = Buffer.concat(person.tap.everything());
      for (const text of texts) assert.deepEqual(find(text, wire), [], `${text} on ${person.name}'s wire`);
      assert.equal(await person.page.title(), words.title);
    }
  });

  test("a message of exactly the limit arrives, one byte more is not sent", async () => {
    const { anna, ben } = await on.pair(pair);
    const text = "😀".repeat(most / 4);
    await put(anna, "textarea", words.message, `${text}a`);
    await anna.isTold(say("tooLong", { bytes: 1 }));
    assert.equal(await anna.run((send) => [...document.querySelectorAll("button")].find(({ textContent }) => textContent === send).disabled, words.send), true);
    await put(anna, "textarea", words.message, text);
    await anna.isTold(say("bytesLeft", { bytes: 0 }));
    await anna.press(words.send);
    await ben.sees(text);
    await ben.run(() => document.querySelector(".middle").scrollTo(0, 1e6)); // its end is to be seen
    await anna.sees(text, words.read);
    // Of one byte characters, with the last one too many, and back.
    const long = "x".repeat(most);
    await put(ben, "textarea", words.message, `${long}y`);
    await ben.isTold(say("tooLong", { bytes: 1 }));
    await ben.page.keyboard.press("Backspace");
    await ben.press(words.send);
    await anna.sees(long);
  });
});
