// What leaves the page: of a whole session every byte on the wire, every URL,
// and every attribute that any element ever had.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { find, formsOf, hashesOf, partsOf } from "./lib/needles.js";
import { say, until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

test("the search finds what is hidden, in every form, and nothing else", () => {
  const noise = Buffer.from("Lorem ipsum 000000 dolor sit amet, consectetur adipisici elit");
  for (const secret of ["447700900123", "830274", "4WNM-VD7H", "Umbrella ☂ at seven"]) {
    assert.deepEqual(find(secret, noise), []);
    const forms = formsOf(secret);
    assert.ok(forms.size > 20);
    for (const [name, form] of forms) {
      const hidden = Buffer.concat([noise, form, noise]);
      assert.ok(find(secret, hidden).includes(name), `${secret} as ${name}`);
    }
    for (let before = 0; before < 3; before++) {
      const text = Buffer.concat([noise.subarray(0, 30 + before), Buffer.from(secret), noise]).toString("base64");
      assert.notDeepEqual(find(secret, Buffer.from(text)), [], `${secret} in base64 at ${before}`);
    }
  }
});

/** Notes every attribute of every element from the beginning. Runs in the page. */
const watchAttributes = () => {
  const seen = (window.attributesSeen = new Set());
  const note = (element) => {
    for (const { name, value } of element.attributes) seen.add(`${name}=${value}`);
  };
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      if (target instanceof Element) note(target);
      for (const added of addedNodes) {
        if (!(added instanceof Element)) continue;
        note(added);
        added.querySelectorAll("*").forEach(note);
      }
    }
  }).observe(document, { attributes: true, childList: true, subtree: true });
};

/** What a page keeps outside of its own memory. Runs in the page. */
const traces = async () => [
  location.href,
  document.title,
  window.name,
  JSON.stringify(history.state) ?? "",
  document.cookie,
  JSON.stringify({ ...localStorage }),
  JSON.stringify({ ...sessionStorage }),
  JSON.stringify(await caches.keys()),
  JSON.stringify(await indexedDB.databases()),
  ...performance.getEntries().map((entry) => `${entry.entryType} ${entry.name}`),
  ...window.attributesSeen,
];

// Each kind of number is made in one browser, and typed in the other.
for (const [i, pair] of pairs.entries()) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("no number, code, PIN, ref or text leaves the page readable", async () => {
      const pins = ["83027465", "61590273"];
      const texts = ["Umbrella ☂ at seven", "the blue door", "Yes, seven."];
      const anna = await on.visit("Anna", pair[0]);
      const ben = await on.visit("Ben", pair[1]);
      for (const person of [anna, ben]) {
        await person.page.evaluateOnNewDocument(watchAttributes);
        await person.reload();
      }
      const invitation = await anna.create(pins[0], i ? words.shortNumber : words.newNumber);
      await anna.press(words.qr);
      await until("a QR code", () => anna.run(() => (document.querySelector("canvas")?.width ?? 0) > 100));
      await anna.press(words.copy);
      await ben.join(`Look: ${invitation}`, pins[1]);
      await anna.see(words.connected);
      await anna.write(texts[0]);
      await ben.sees(texts[0]);
      await anna.sees(texts[0], words.read);
      await ben.press(words.hide);
      await ben.comeBack(pins[1]);
      await ben.write(texts[1]);
      await anna.sees(texts[1]);
      await ben.sees(texts[1], words.read);
      await ben.choose(words.help);
      await ben.press(words.readAll);
      await ben.see("Someone with your phone");
      await ben.press(words.close);
      await anna.press(words.hide);
      await anna.type(words.pin, "111111");
      await anna.press(words.goOn);
      await anna.see(say("wrongPin", { left: 4 }));
      await anna.comeBack(pins[0]);
      await anna.write(texts[2]);
      await ben.sees(texts[2]);
      await anna.choose(words.forget);
      await anna.see(words.invited);

      const places = new Map();
      for (const person of [anna, ben]) {
        const { name } = person;
        places.set(`${name}'s wire`, Buffer.concat(person.tap.everything()));
        places.set(`${name}'s page`, Buffer.from((await person.run(traces)).join("\n")));
        places.set(`${name}'s requests`, Buffer.from(person.urls.join("\n")));
        // The test is worth nothing if it looked at nothing.
        const events = person.tap.frames().map(({ payload }) => payload.toString());
        for (const event of ["join", "send_message", "new_message"]) {
          assert.ok(events.some((frame) => frame.includes(`"event":"${event}"`)), `${name}: no ${event} was seen`);
        }
        assert.ok(places.get(`${name}'s page`).includes("role=log"));
        assert.ok(places.get(`${name}'s wire`).includes(hashesOf(invitation, pins)[0]), `${name}: not the room`);
      }
      places.set("what the relay printed", Buffer.from(on.relay.said()));

      const secrets = [...partsOf(invitation), ...pins, ...texts];
      for (const secret of secrets) {
        for (const [place, bytes] of places) assert.deepEqual(find(secret, bytes), [], `${secret} in ${place}`);
      }
    });
  });
}
