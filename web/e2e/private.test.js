// Private numbers: two pages that exchange keys, in Chromium and Firefox,
// against the real relay.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

const pins = ["314159", "271828"];

const card = (invitation) => invitation.slice(invitation.indexOf("+"));

// What the session decides, whatever runs it.
describe("Firefox opens, Chromium is invited", () => {
  const [, pair] = pairs;
  const on = stage();

  const meet = async () => {
    const met = await on.pair(pair, pins, words.newNumber);
    await met.anna.see(words.connected);
    await met.ben.see(words.connected);
    return met;
  };

  test("new, invite, join, and compare what both phones made of it", async () => {
    const { anna, ben, invitation } = await meet();
    assert.match(invitation, /^My other number: \+[\d ]{8,18},,(?:\d{5} ){4}\d{5}$/);
    await anna.write("Are you there?");
    await ben.sees("Are you there?");
    const digits = async (person) => {
      await person.choose(words.compare);
      return until("digits", async () => /^\d{4}(?: \d{4}){4}$/m.exec(await person.text())?.[0]);
    };
    assert.equal(await digits(anna), await digits(ben));
  });

  test("an unread message is edited, deleted and written into again", async () => {
    const { anna, ben } = await meet();
    await ben.press(words.hide);
    await anna.page.bringToFront();
    await anna.write("frist");
    await anna.sees("frist", words.onlyTheirPage);
    await anna.choose(words.edit);
    await anna.retype(words.message, "first");
    await anna.press(words.save);
    await anna.sees("first", words.onlyTheirPage);
    await anna.choose(words.remove);
    await anna.sees(words.deleted);
    await anna.write("second");
    await anna.sees("second");
    await ben.comeBack(pins[1]);
    await ben.sees("second");
    await anna.sees("second", words.read);
  });

  test("leave and come back with the card: what waits is locked for the new page, and both are told", async () => {
    const { anna, ben, invitation } = await meet();
    await ben.press(words.menu);
    await ben.click("input", words.openOnly);
    await ben.press(words.menu);
    await anna.press(words.hide); // or she has read it when she leaves
    await ben.page.bringToFront();
    await ben.write("sealed");
    await ben.sees("sealed", words.onlyTheirPage);
    await anna.reload();
    await anna.join(card(invitation), pins[0]);
    await anna.sees("sealed");
    await ben.see(words.openedAnew.split("{")[0]);
  });

  test("a relay that restarts: the texts go back, and both go on behind the code", async () => {
    const { anna, ben } = await meet();
    await anna.write("lost with the relay");
    await ben.sees("lost with the relay");
    await on.restart();
    await anna.see(words.restarted);
    await ben.see(words.restarted);
    await anna.see(words.connected);
    await ben.see(words.connected);
  });

  test("opened on another page: this one is emptied", async () => {
    const { anna, ben, invitation } = await meet();
    await anna.write("to one page");
    await ben.sees("to one page");
    const again = await on.visit("Ben again", pair[1]);
    await again.join(card(invitation), pins[1]);
    await ben.page.bringToFront();
    await ben.see(words.moved);
    await ben.missing("to one page");
  });

  test("who mistypes the PIN takes no place, and who was invited is asked", async () => {
    const anna = await on.visit("Anna", pair[0]);
    const invitation = await anna.create(pins[0], words.newNumber);
    const ben = await on.visit("Ben", pair[1]);
    await ben.enter(invitation, pins[0]);
    await ben.see(words.whose);
    const other = await on.visit("Anna's other phone", pair[1]);
    await other.enter(card(invitation), "314158");
    await other.see(words.askPlace);
    await other.press(words.takePlace);
    await other.find("button", words.menu);
    await anna.page.bringToFront();
    await anna.see(words.connected);
  });

  test("a digit is wrong, or nobody has opened it", async () => {
    const ben = await on.visit("Ben", pair[1]);
    await ben.enter("+44 7700 900123,,48219 93701 64227 85310 42913", pins[1]);
    await ben.see(words.badCode);
    await ben.reload();
    await ben.enter("+44 7700 900123,,48219 93701 64227 85310 42912", pins[1]);
    await ben.see(words.nobody);
  });
});
