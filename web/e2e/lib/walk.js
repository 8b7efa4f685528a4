// A walk through every state of the page, for whoever wants to look at each.

import { begin, hasNote, record, spoken } from "./mic.js";
import { say, until, words } from "./person.js";

const fictitious = "+44 7700 900999";

/** The flags of a relay on which the walk is short: the second wrong PIN locks. */
export const shortWalk = ["--lockout-attempts", "2"];

/** Ends every connection and comes back with a relay that never said that it restarts. */
const loseRelay = async (on, ...people) => {
  for (const person of people) person.tap.cut();
  await on.restart();
  for (const person of people) person.tap.mend();
};

const numberOf = (invitation) => invitation.match(/\+[\d ]+\d/)[0];

/** Voice notes in a private number that both are in. The other one is behind the curtain; there must be a microphone. */
export const speak = async (anna, cleo, state) => {
  const strings = await spoken(await anna.run(() => document.documentElement.lang));
  await cleo.page.bringToFront();
  await cleo.comeBack("271828");
  await cleo.glance();
  await record(cleo, strings, 3);
  await cleo.press(words.send);
  await anna.page.bringToFront();
  await hasNote(anna);
  await state("voice: their note");
  await anna.click(".bubble:last-child button", "1.5×");
  await anna.click(".bubble:last-child button", strings.play);
  await anna.find(".bubble:last-child button", strings.pause);
  await state("voice: played at 1.5×");
  await anna.glance();
  await anna.press(words.voiceNote);
  await anna.find("button", strings.record);
  await state("voice: before the first one");
  await begin(anna, strings);
  await until("a level", () => anna.run(() => document.querySelector("meter").value > 0.01));
  await state("voice: recording");
  // It stops by itself after half a minute, if whoever looks takes so long.
  await (await anna.glimpse("button", strings.stop))?.click();
  await anna.find(".composer button", strings.play);
  await state("voice: recorded");
  anna.tap.hold("up");
  await anna.press(words.send);
  await anna.see(strings.slow);
  await state("voice: under way");
  anna.tap.release();
  await hasNote(anna);
  await state("voice: own note");
  await anna.run(() => {
    OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(new Error("no sound"));
  });
  await anna.click(".bubble:last-child button", strings.play);
  await anna.see(strings.cantPlay);
  await state("voice: can't be played");
};

/** What is another with a private number; ends on the first screen. */
const privately = async (on, other, anna, state) => {
  const cleo = await on.visit("Cleo", other);
  await anna.page.bringToFront();
  await anna.draw();
  await state("open: new private number");
  await anna.type(words.pin, "314159");
  await anna.press(words.open);
  await anna.see(words.copy);
  await state("share: private number");
  const card = (await anna.invitation()).replace(/^[^+]*/, "");
  await anna.press(words.close);
  await anna.type(words.message, "Nobody is here yet");
  await anna.see(words.willWait);
  await state("chat: to be left");
  await anna.press(words.leaveIt);
  await anna.sees("Nobody is here yet", words.waitsLeft);
  await state("chat: own message, left");
  await cleo.enter(card, "271828");
  await cleo.see(words.askPlace);
  await cleo.press(words.takePlace);
  await cleo.sees("Nobody is here yet", words.wasLeft);
  await cleo.write("Now both are");
  await anna.sees("Now both are");
  await cleo.press(words.hide);
  await anna.page.bringToFront();
  await anna.write("So this one is sealed");
  await anna.sees("So this one is sealed", words.onlyTheirPage);
  await state("chat: own message, sealed");
  await anna.choose(words.compare);
  await until("digits", async () => /^\d{4}(?: \d{4}){4}$/m.test(await anna.text()));
  await state("menu: digits to compare");
  await anna.press(words.menu);
  await anna.choose(words.forget);
  await anna.see(words.invited);
  await anna.enter(card, "000000");
  await state("open: wrong PIN of a private number");
  await anna.reload();
  // Here the place is open: the question itself.
  const dan = await on.visit("Dan", other);
  const open = (await dan.create("271828", words.newNumber)).replace(/^[^+]*/, "");
  await anna.page.bringToFront();
  await anna.enter(open, "314159");
  await anna.see(words.askPlace);
  await state("open: one place is free");
  await anna.reload();
};

/**
 * Takes one person in `engine` through every state and calls `look(name, person)`
 * in each. `on` is a stage with a relay of shortWalk; the other people use the
 * other engine, as two windows of one browser take the focus from each other.
 */
export const walk = async (on, engine, other, look) => {
  const anna = await on.visit("Anna", engine);
  const ben = await on.visit("Ben", other);
  const state = (name) => look(name, anna);

  await anna.page.bringToFront();
  await state("open");
  await anna.press(words.open);
  await anna.see(words.noNumber);
  await state("open: no number");
  await anna.enter(fictitious, "123456");
  await anna.see(words.nobody);
  await state("open: nobody there");
  await anna.press(words.help);
  await anna.see(words.howItWorks);
  await state("open: help");
  await anna.press(words.close);

  const first = await ben.create("271828");
  await anna.reload();
  await anna.enter(numberOf(first), "314159");
  await anna.see(words.askRef);
  await state("open: ref asked for");
  await anna.reload();
  await anna.enter(first, "271828");
  await anna.see(words.whose);
  await state("open: the other's PIN");
  await ben.press(words.close);
  await ben.choose(words.forget);

  await anna.reload();
  await anna.draw(words.shortNumber);
  await state("open: new number");
  await anna.type(words.pin, "314159");
  await anna.press(words.open);
  await anna.see(words.copy);
  const invitation = await anna.invitation();
  await state("share");
  await anna.press(words.qr);
  await until("a QR code", () => anna.run(() => document.querySelector("canvas")?.checkVisibility()));
  await state("share: QR code");
  await anna.press(words.close);
  await state("chat: nobody else");
  await anna.press(words.menu);
  await anna.find("button", words.invitation);
  await state("menu: nobody else");
  await anna.press(words.menu);

  await ben.reload();
  await ben.join(invitation, "271828");
  await anna.see(words.connected);
  await state("chat: empty");
  await ben.press(words.menu);
  // However long it takes until he is needed again.
  await ben.page.select("select", "15");
  await ben.press(words.menu);
  await ben.press(words.hide);
  await anna.write("Of some length, so that it breaks into lines. 🙂\n\nhttps://example.org/a/rather/long/address");
  await anna.lies(words.onRelay);
  await state("chat: own message");
  await anna.press(words.menu);
  await anna.find("button", words.edit);
  await state("menu: own message");
  await anna.press(words.help);
  await anna.see(words.howItWorks);
  await state("chat: help");
  await anna.press(words.close);
  await anna.choose(words.edit);
  await anna.find("button", words.cancel);
  await state("chat: editing");
  await anna.press(words.cancel);
  await ben.comeBack("271828");
  await anna.lies(words.read);
  await state("chat: own message, read");
  await ben.write("نعم، في السابعة.");
  await anna.sees("نعم، في السابعة.");
  await state("chat: their message");
  await anna.type(words.message, "A draft\nof three\nlines");
  await state("chat: draft");
  await anna.put(words.message, "long ".repeat(1800));
  await anna.see(say("tooLong", { bytes: 1800 * 5 - 8176 }));
  await state("chat: too long");

  anna.tap.cut();
  await anna.see(words.tryNow);
  await state("chat: reconnecting");
  await anna.run(() => {
    Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
    dispatchEvent(new Event("offline"));
  });
  await anna.see(words.noNetwork);
  await state("chat: no network");
  await anna.run(() => {
    Object.defineProperty(navigator, "onLine", { value: true, configurable: true });
    dispatchEvent(new Event("online"));
  });
  anna.tap.mend();
  await anna.see(words.connected);

  await anna.press(words.hide);
  await state("curtain");
  await anna.type(words.pin, "000000");
  await anna.press(words.goOn);
  await anna.see(say("wrongPin", { left: 4 }));
  await state("curtain: wrong PIN");
  await anna.comeBack("314159");

  await anna.choose(words.forget);
  await anna.see(words.invited);
  await privately(on, other, anna, state);
  await ben.comeBack("271828");
  await anna.page.bringToFront();

  await anna.enter(numberOf(invitation), "000000");
  await anna.see(say("wrongPin", { left: 1 }));
  await state("open: wrong PIN");
  await anna.press(words.open);
  await anna.see(words.locked.split("{")[0]);
  await state("open: locked");

  // With the room the lock is gone.
  await loseRelay(on, anna, ben);
  await ben.see(words.missing);
  await ben.press(words.startAgain);
  await ben.see(words.notCome);
  await anna.reload();
  // The old invitation lets nobody in any more.
  await ben.choose(words.invitation);
  await ben.press(words.newRef);
  await anna.join(await ben.invitation(), "314159");
  await anna.see(words.connected);
  await on.restart();
  await anna.see(words.restarted);
  await anna.see(words.connected);
  await state("chat: relay restarted");
  await loseRelay(on, anna, ben);
  await anna.see(words.missing);
  await state("chat: relay forgot it");
  await ben.see(words.missing);
  await ben.press(words.startAgain);
  await ben.see(words.notCome);
  await ben.choose(words.invitation, words.newRef);
  await until("another ref", async () => (await ben.invitation()) !== invitation);
  await anna.press(words.startAgain);
  await anna.see(words.otherRef);
  await state("chat: ref asked for");
};
