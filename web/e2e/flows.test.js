// What two people do with the page, in Chromium and Firefox, against the real
// relay.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("the invitation is copied as it stands, and pasted with the keys", async () => {
      const anna = await on.visit("Anna", pair[0]);
      const invitation = await anna.create("314159");
      await anna.press(words.copy);
      await anna.see(words.copied);
      await anna.press(words.close);
      const paste = async (label) => {
        await anna.click("input, textarea", label);
        await anna.page.keyboard.down("Control");
        await anna.page.keyboard.press("v", pair[0] === "chromium" ? { commands: ["Paste"] } : {});
        await anna.page.keyboard.up("Control");
      };
      await paste(words.message);
      await until("the invitation in the composer", async () => (await anna.value(words.message)) === invitation);
      await anna.choose(words.forget);
      await anna.see(words.invited);
      await paste(words.number);
      const number = invitation.match(/\+[\d ]+/)[0].trim();
      await until("the number alone", async () => (await anna.value(words.number)) === number);
      assert.equal(await anna.value(words.ref), invitation.slice(-9));
    });

    test("the invitation goes out by the phone's own sheet, and comes in by its camera, which is off at once", async () => {
      const anna = await on.visit("Anna", pair[0]);
      await anna.page.evaluateOnNewDocument(() => {
        navigator.share = ({ text }) => { window.shared = text; return Promise.resolve(); };
      });
      await anna.reload();
      const invitation = await anna.create("314159", words.newNumber);
      await anna.press(words.share);
      assert.equal(await anna.run(() => window.shared), invitation);
      await anna.click("input", words.withAddress);
      await anna.press(words.share);
      assert.equal(await anna.run(() => window.shared), `${invitation} (${new URL(anna.url).host})`);

      const ben = await on.visit("Ben", pair[1]);
      await ben.page.evaluateOnNewDocument((text) => {
        window.tracks = [];
        window.reads = [];
        window.BarcodeDetector = class {
          detect() { return Promise.resolve(window.reads); }
        };
        const getUserMedia = () => {
          const canvas = document.createElement("canvas");
          canvas.getContext("2d");
          const stream = canvas.captureStream();
          window.tracks.push(...stream.getTracks());
          return Promise.resolve(stream);
        };
        Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia } });
        window.invitation = text;
      }, invitation);
      await ben.reload();
      const live = () => ben.run(() => window.tracks.map(({ readyState }) => readyState).join());
      const look = async () => {
        await ben.press(words.scan);
        await ben.see(words.scanHint);
        await ben.press(words.useCamera);
      };
      await ben.press(words.invited);
      await look();
      await until("a picture", async () => (await live()) === "live");
      await ben.press(words.close);
      await until("the camera to be off", async () => (await live()) === "ended");
      await look();
      await ben.run(() => { window.reads = [{ rawValue: window.invitation }]; });
      await until("the camera to be off", async () => (await live()) === "ended,ended");
      await ben.type(words.pin, "271828");
      await ben.press(words.open);
      await ben.find("button", words.menu);
    });

    test("a long message is read when its end was seen, and answered no sooner", async () => {
      const { anna, ben } = await on.pair(pair);
      const long = Array.from({ length: 150 }, (_, i) => `line ${i}`).join("\n");
      await anna.page.bringToFront();
      await anna.put(words.message, long);
      await anna.press(words.send);
      await ben.comeBack("271828");
      await ben.sees(long);
      await ben.glance();
      await ben.type(words.message, "too soon");
      await ben.press(words.send);
      await ben.see(words.unread);
      await anna.sees(long, words.onRelay);
      await ben.run(() => document.querySelector(".middle").scrollTo(0, 1e6));
      await anna.sees(long, words.read);
      await ben.press(words.send);
      await anna.sees("too soon");
    });

    test("a finger that is still on Wipe when the menu is closed, or covered, wipes nothing", async () => {
      const { anna, ben } = await on.pair(pair);
      for (const [i, event] of ["keydown", "blur"].entries()) {
        await anna.press(words.menu);
        const button = await anna.find("button", words.wipe);
        await button.evaluate(async (button, event) => {
          button.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
          dispatchEvent(new KeyboardEvent(event, { key: "Escape" }));
          await new Promise((resolve) => { setTimeout(resolve, 2300); });
          dispatchEvent(new Event("focus"));
        }, event);
        await [anna, ben][i].write(event);
        await [ben, anna][i].sees(event);
      }
    });

    test("three taps on the name: nothing is left", async () => {
      const { anna, ben } = await on.pair(pair);
      await ben.write("between us");
      await anna.sees("between us");
      const before = anna.page.url();
      await anna.panic(async () => (await anna.find("h1", words.title)).click({ count: 3, delay: 20 }));
      assert.equal(await anna.value(words.number), "");
      assert.equal(anna.page.url(), before);
      await ben.see(words.notConnected);
    });
  });
}

// What the session decides, whatever runs it.
describe("Chromium opens, Firefox is invited", () => {
  const [pair] = pairs;
  const on = stage();

  test("who comes back alone keeps what was sent, or makes another invitation, which works", async () => {
    const anna = await on.visit("Anna", pair[0]);
    const old = await anna.create("314159");
    await anna.reload();
    await anna.enter(old.replace(/, code.*/, ""), "314159");
    await anna.see(words.refUnknown);
    assert.equal(await anna.glimpse("button", words.copy), null);
    await anna.press(words.newRef);
    const invitation = await anna.invitation();
    assert.notEqual(invitation, old);
    const ben = await on.visit("Ben", pair[1]);
    await ben.join(invitation, "271828");
    await anna.see(words.connected);
  });

  test("the relay is to restart: those who talk are told when and talk on, nobody begins", async () => {
    const { anna, ben } = await on.pair(pair);
    on.relay.drain();
    // Up to the time, which is ten minutes from now.
    for (const person of [anna, ben]) await person.see(words.restartsAt.split("{")[0]);
    await anna.write("before it restarts");
    await ben.sees("before it restarts");
    const cleo = await on.visit("Cleo", pair[0]);
    await cleo.draw(words.shortNumber);
    await cleo.type(words.pin, "161803");
    await cleo.press(words.open);
    await cleo.see(words.restarting.split("{")[0]);
    await on.restart();
    await ben.see(words.restarted);
  });

  test("wipe for both needs a long press, and ends it on both phones", async () => {
    const { anna, ben, invitation } = await on.pair(pair);
    await anna.write("soon gone");
    await ben.sees("soon gone");
    await ben.press(words.menu);
    await ben.holdBriefly(words.wipe, 300, 2300);
    await ben.find("button", words.wipe);
    await ben.hold(words.wipe, () => ben.see(words.invited));
    await anna.missing("soon gone");
    await ben.enter(invitation.replace(/, code.*/, ""), "271828");
    await ben.see(words.nobody);
  });

  test("the relay restarts: both are told, and are together again, which the old invitation lets nobody else be", async () => {
    const { anna, ben, invitation } = await on.pair(pair);
    await anna.write("will be lost");
    await ben.sees("will be lost");
    await ben.type(words.message, "half a sentence");
    // He comes back second, when somebody with the old invitation has tried.
    ben.tap.cut();
    await ben.see(words.reconnecting);
    await on.restart();
    await anna.see(words.restarted);
    const eve = await on.visit("Eve", pair[0]);
    await eve.enter(invitation, "000000");
    await eve.see(words.wrongRef);
    await anna.comeBack("314159");
    ben.tap.mend();
    await ben.tryNow();
    await ben.see(words.missing);
    await ben.press(words.startAgain);
    await anna.see(words.connected);
    await ben.see(words.connected);
    // Nobody pretends that the message still waits for them.
    await ben.sees("will be lost", words.onlyHere);
    await anna.sees("");
    assert.equal(await ben.value(words.message), "half a sentence");
    await ben.press(words.send);
    await anna.sees("half a sentence");
    await anna.missing(words.restarted);
  });
});
