// Everything by keyboard alone: every focus can be seen, is never lost, and
// nothing holds on to it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { say, until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

/** What has the focus, by its name; what is wrong with it, if anything. Runs in the page. */
const focused = () => {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: "", wrong: "" };
  const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { left, top, width, height } = element.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + Math.min(height, 40) / 2);
  const ring = element.matches(":focus-visible") && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return { name: name.trim(), wrong: !ring ? "has no ring" : element.contains(at) ? "" : "is covered or out of sight" };
};

/** The browser has a mouse, as it says: then Enter sends, and fields take the focus by themselves. */
const sitDown = async (person) => {
  await person.page.evaluateOnNewDocument(() => {
    const { matchMedia } = window;
    window.matchMedia = (query) => (query === "(pointer: fine)" ? { matches: true } : matchMedia.call(window, query));
  });
  await person.reload();
};

class Keys {
  constructor(person) {
    this.person = person;
    this.keyboard = person.page.keyboard;
  }

  /** Goes on with Tab until this has the focus; every stop on the way must be seen. */
  async to(label, { back = false } = {}) {
    let lost = 0;
    const passed = [];
    if (back) await this.keyboard.down("Shift");
    for (let i = 0; i < 40; i++) {
      await this.keyboard.press("Tab");
      const look = () => this.person.run(focused);
      // It may be scrolled to with the next frame.
      const { name, wrong } = await until("it to be seen", async () => {
        const seen = await look();
        return !seen.wrong && seen;
      }, 3000).catch(look);
      passed.push(name || "(nothing)");
      // Once around the page the focus passes through the browser itself.
      if (!name && ++lost > 2) break;
      assert.equal(wrong, "", `${this.person.name}'s focus on "${name}", after ${passed.join(", ")}`);
      if (name === label) {
        if (back) await this.keyboard.up("Shift");
        return;
      }
    }
    assert.fail(`${this.person.name} does not come to "${label}": ${passed.join(", ")}`);
  }

  /** Presses a button with this name. */
  async press(label, how) {
    await this.to(label, how);
    await this.keyboard.press("Enter");
  }

  /** Waits until the focus is there by itself. */
  async at(label) {
    await until(`the focus of ${this.person.name} on "${label}"`, async () =>
      (await this.person.run(focused)).name.startsWith(label)).catch(async ({ message }) => {
      throw new Error(`${message}; it is on "${(await this.person.run(focused)).name}"`);
    });
  }

  /** Nobody has to begin at the top again. */
  async kept(after) {
    await until(`a focus after ${after}`, () => this.person.run(() => document.activeElement?.matches(":not(body)")));
  }

  type(text) {
    return this.keyboard.type(text);
  }
}

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("a whole conversation by keyboard alone", async () => {
      const anna = await on.visit("Anna", pair[0]);
      const ben = await on.visit("Ben", pair[1]);
      await sitDown(anna);
      await sitDown(ben);
      const [a, b] = [new Keys(anna), new Keys(ben)];

      // The first person: help and back, a new number, the invitation.
      await a.press(words.help);
      await anna.see(words.howItWorks);
      await a.press(words.close);
      await a.at(words.help);
      await a.press(words.newNumber);
      await a.at(words.pin);
      await a.press(words.shortNumber, { back: true });
      await a.at(words.pin);
      await a.type("314");
      await a.keyboard.press("Enter");
      await anna.see(words.pinRule);
      await a.at(words.pin);
      await a.type("159");
      await a.keyboard.press("Enter");
      await anna.see(words.copy);
      await a.at(words.message);
      await a.press(words.copy, { back: true });
      await anna.see(words.copied);
      await a.press(words.qr);
      await until("a QR code", () => anna.run(() => document.querySelector("canvas")?.checkVisibility()));
      const invitation = await anna.invitation();

      // The second one types number and ref.
      await b.to(words.number);
      await b.type(invitation.match(/\+[\d ]+\d/)[0]);
      await b.to(words.pin);
      await b.keyboard.press("Escape"); // there is nothing to close
      await b.type("271828");
      await b.press(words.open);
      await ben.see(words.askRef);
      await b.kept("a refusal");
      await b.to(words.ref, { back: true });
      await b.type(invitation.slice(-9));
      await b.keyboard.press("Enter");
      await ben.see(words.connected);
      await b.at(words.message);

      // The sheet goes by itself, and the focus with it to where one writes.
      await anna.missing(invitation);
      await a.at(words.message);
      await a.type("first");
      // What ends a composition sends nothing; Safari tells it by the code alone.
      const text = await anna.run(() => {
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true }));
        return document.body.innerText;
      });
      assert.ok(!text.includes(words.here), text);
      await b.press(words.hide, { back: true });
      await b.at(words.pin);
      await a.keyboard.press("Enter");
      await anna.sees("first", words.onRelay);
      await a.kept("sending");

      // Edit and delete what is unread; Esc closes the menu.
      await a.press(words.menu, { back: true });
      await a.press(words.help);
      await anna.see(words.howItWorks);
      await a.kept("opening the help");
      await a.keyboard.press("Escape");
      await anna.missing(words.howItWorks);
      await a.kept("closing the help");
      await a.press(words.menu, { back: true });
      await a.press(words.edit);
      await a.at(words.message);
      await a.type("!");
      await a.keyboard.press("Enter");
      await anna.sees("first!", words.onRelay);
      await a.kept("editing");

      // The curtain: a wrong PIN, then the right one.
      await b.type("000000");
      await b.keyboard.press("Enter");
      await ben.see(say("wrongPin", { left: 4 }));
      await b.at(words.pin);
      await b.type("271828");
      await b.press(words.goOn);
      await ben.sees("first!");
      await b.at(words.message);
      await anna.lies(words.read);
      await b.type("second");
      await b.press(words.send);
      await anna.sees("second");

      // Wipe needs a long press of a key, too.
      await a.press(words.menu, { back: true });
      await a.to(words.wipe);
      await anna.run(() => {
        for (const what of ["keydown", "keyup"]) document.activeElement.dispatchEvent(new KeyboardEvent(what, { key: "Enter", bubbles: true }));
      });
      await a.to(words.forget, { back: true });
      await a.to(words.wipe);
      await a.keyboard.down("Enter");
      await anna.see(words.wiped);
      await a.keyboard.up("Enter");
      await ben.see(words.wipedThere);
      await a.at(words.number);
      await b.at(words.number);
    });
  });
}
