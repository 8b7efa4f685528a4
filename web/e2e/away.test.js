// Out of sight, out of mind: what is left in a page when it is hidden, left,
// come back to, or thrown away by the browser.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { say, until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

/** Everything that is in the page: elements, fields, title, address. Runs in the page. */
const everything = () => [
  document.documentElement.outerHTML.replace(/<(style|script)[^]*?<\/\1>/g, ""),
  ...[...document.querySelectorAll("input, textarea")].map(({ value }) => value),
  document.title,
  location.href,
  window.name,
  JSON.stringify(history.state),
].join("\n");

/**
 * Notes what is in the page as it goes and comes, and every title and icon that
 * it ever had. Runs in every document, before the page's own script. It keeps
 * its notes in sessionStorage, where the page itself keeps nothing.
 */
const takeNotes = `(() => {
  const everything = ${everything};
  const note = (what, text) => {
    const notes = JSON.parse(sessionStorage.getItem("notes") ?? "[]");
    sessionStorage.setItem("notes", JSON.stringify([...notes, { what, text }]));
  };
  addEventListener("pageshow", ({ persisted }) => note(persisted ? "restored" : "shown", everything()));
  addEventListener("DOMContentLoaded", () => {
    // Behind the page's own listeners.
    addEventListener("pagehide", () => note("left", everything()));
    let known = "";
    const look = () => {
      const face = document.title + " " + document.querySelector("link[rel=icon]").href;
      if (face !== known) note("face", (known = face));
    };
    new MutationObserver(look).observe(document.head, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  });
})()`;

/** Notes what is to be heard and felt from now on. Runs in the page. */
const listen = () => {
  window.heard = [];
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...values) {
    window.heard.push(this.frequency.value);
    start.apply(this, values);
  };
  navigator.vibrate = (ms) => window.heard.push(`${ms} ms`);
};

const notes = (person, what) =>
  person.run((what) =>
    JSON.parse(sessionStorage.getItem("notes") ?? "[]").filter((note) => note.what === what).map(({ text }) => text), what);

const message = "between us alone";
const draft = "half a sentence";
const pins = ["314159", "271828"];

const assertBare = (secrets, text, when) => {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${when}, "${secret}" is in ${text}`);
};

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    const on = stage();

    /** Somebody in a conversation with a message on the screen and a draft, and what must not be found. */
    const inConversation = async () => {
      const anna = await on.visit("Anna", engine);
      await anna.page.evaluateOnNewDocument(takeNotes);
      await anna.reload();
      const ben = await on.visit("Ben", pairs.find(([first]) => first === engine)[1]);
      const invitation = await anna.create(pins[0]);
      await ben.join(invitation, pins[1]);
      await anna.missing(invitation);
      await ben.write(message);
      await anna.sees(message);
      await anna.type(words.message, draft);
      const number = invitation.match(/\+[\d ]+/)[0].trim();
      const secrets = [message, draft, number, number.replace(/\D/g, ""), invitation.slice(-9), pins[0]];
      return { anna, ben, secrets };
    };

    const assertFirstScreen = async (anna, secrets) => {
      await anna.see(words.invited);
      assertBare(secrets, await anna.run(everything), "on the first screen");
      assert.equal(await anna.value(words.number), "");
    };

    test("100 ms after it lost the focus, or was hidden, nothing is in the page", async () => {
      const { anna, ben, secrets } = await inConversation();
      await ben.lies(words.read);
      const after100 = (what) => anna.run(`new Promise((resolve) => {
        ${what};
        setTimeout(() => resolve((${everything})()), 100);
      })`);
      const { x, y, width, height } = await (await anna.find("button", words.send)).boundingBox();
      assertBare(secrets, await after100(`dispatchEvent(new Event("blur"))`), "without focus");
      // A tap lifts the veil, and does nothing to what comes from under it.
      await anna.run(() => {
        window.clicked = new Promise((resolve) => {
          addEventListener("click", () => setTimeout(() => resolve(document.body.innerText)), { capture: true, once: true });
        });
      });
      await anna.page.touchscreen.tap(x + width / 2, y + height / 2);
      const text = await anna.run(() => window.clicked);
      assert.ok(!text.includes(words.here), text);
      await anna.sees(message);
      assert.equal(await anna.value(words.message), draft);
      // Another tab comes in front of it.
      await anna.run(`addEventListener("visibilitychange", () => setTimeout(() => {
        window.hidden = (${everything})();
      }, 100), { once: true })`);
      const other = await anna.browser.newPage();
      await other.bringToFront();
      assertBare(secrets, await until("the page to be hidden", () => anna.run(() => window.hidden)), "hidden");
      assert.ok((await anna.text()).includes(words.goOn), "the curtain, which only the PIN lifts");
      await other.close();
      await anna.comeBack(pins[0]);
      await anna.sees(message);
      assert.equal(await anna.value(words.message), draft);
      assert.deepEqual(new Set(await notes(anna, "face")), new Set([`${words.title} data:,`]));
      // A finger that lifts the veil and slides away does nothing to the key that comes next.
      await anna.run(() => {
        dispatchEvent(new Event("blur"));
        dispatchEvent(new PointerEvent("pointerdown"));
      });
      await (await anna.find("button", words.send)).focus();
      await anna.page.keyboard.press("Enter");
      await ben.sees(draft);
    });

    test("away, Back and Forward: an empty page, each time", async () => {
      const { anna, ben, secrets } = await inConversation();
      await anna.page.goto(`${anna.url}about`);
      await ben.see(words.notConnected);
      await anna.page.goBack();
      await assertFirstScreen(anna, secrets);
      await anna.type(words.number, secrets[2]);
      await anna.type(words.pin, pins[0]);
      await anna.page.goForward();
      await anna.page.goBack();
      await assertFirstScreen(anna, secrets);
      for (const what of ["left", "shown", "restored"]) {
        for (const text of await notes(anna, what)) assertBare(secrets, text, what);
      }
      assert.ok((await notes(anna, "left")).length >= 2);
      assert.deepEqual(new Set(await notes(anna, "face")), new Set([`${words.title} data:,`]));
    });

    test("a page that a browser brings back with all its memory begins anew", async () => {
      const { anna, secrets } = await inConversation();
      // No browser keeps this page, as its answer says no-store; one that did would say so.
      const shown = async () => (await notes(anna, "shown")).length;
      const before = await shown();
      await anna.run(() => {
        dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
        dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
      });
      await until("another load", async () => (await shown()) === before + 1);
      for (const text of await notes(anna, "restored")) assertBare(secrets, text, "restored");
      assert.equal((await notes(anna, "restored")).length, 1);
      await assertFirstScreen(anna, secrets);
    });

    test("a new message is heard, and marked in the title, where that was asked for", async () => {
      const { anna, ben } = await on.pair(pairs.find(([first]) => first === engine), pins);
      await anna.run(listen);
      const heard = () => anna.run(() => window.heard.splice(0));
      const marked = () => until("a mark in the title", () => anna.run((title) => document.title === title, `• ${words.title}`));
      const sound = [660, 880, "100 ms"];
      await anna.press(words.menu);
      for (const label of [words.sound, words.mark]) await anna.click("input", label);
      await anna.press(words.menu);
      assert.deepEqual(await heard(), sound, "how it sounds");
      await anna.press(words.hide);
      await ben.write("one");
      await marked();
      assert.deepEqual(await heard(), [], "she hid it by hand");
      await anna.comeBack(pins[0]);
      await anna.sees("one");
      await ben.lies(words.read);
      await anna.write("two");
      await ben.sees("two");
      assert.equal(await anna.run(() => document.title), words.title);
      await anna.run(() => dispatchEvent(new Event("blur")));
      await ben.write("three");
      await marked();
      assert.deepEqual(await heard(), sound);
      assert.equal(await anna.run(() => document.querySelector(".bubble")), null);
    });

    test("five wrong PINs on the curtain, and everything is forgotten", async () => {
      const { anna, ben, secrets } = await inConversation();
      await anna.press(words.hide);
      for (const left of [4, 3, 2]) {
        await anna.type(words.pin, "000000");
        await anna.press(words.goOn);
        await anna.see(say("wrongPin", { left }));
        // Half of one is none.
        await anna.type(words.pin, pins[0].slice(0, 5));
        await anna.press(words.goOn);
        await anna.see(words.pinRule);
      }
      for (const told of [say("wrongPin", { left: 1 }), words.forgot]) {
        await anna.type(words.pin, "000000");
        await anna.press(words.goOn);
        await anna.see(told);
      }
      await assertFirstScreen(anna, secrets);
      await ben.see(words.notConnected);
    });

    test("who only moves the mouse or turns the wheel is there", async () => {
      const { anna } = await inConversation();
      // Its clocks go on by so many ms, and something happens.
      await anna.run(() => { window.gone = 0; });
      const after = (ms, what) => anna.run((ms, what) => {
        const { now } = Date;
        const then = now() + ms;
        Date.now = () => Math.max(then, now());
        window.gone += ms;
        const event = new Event(what);
        dispatchEvent(Object.defineProperty(event, "timeStamp", { value: event.timeStamp + window.gone }));
      }, ms, what);
      for (const what of ["wheel", "pointermove"]) await after(100_000, what);
      assert.ok(!(await anna.text()).includes(words.goOn));
      await after(121_000, "focus");
      await anna.see(words.goOn);
    });

    test("what was typed into the first screen goes with panic, when nobody is there, and out of sight", async () => {
      const anna = await on.visit("Anna", engine);
      // Nor does a browser's service get it, or a pull too far empty it. Firefox has no such service.
      const asked = await anna.run(() => [
        document.querySelector("#number").writingSuggestions ?? "false",
        getComputedStyle(document.documentElement).overscrollBehavior,
      ]);
      assert.deepEqual(asked, ["false", "none"]);
      const ends = [
        () => { for (let i = 0; i < 2; i++) dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); },
        () => {
          const { now } = Date;
          Date.now = () => now() + 121_000;
          dispatchEvent(new Event("focus"));
        },
        () => {
          Object.defineProperty(document, "hidden", { value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        },
      ];
      for (const end of ends) {
        await anna.put(words.number, "+44 7700 900123");
        await anna.put(words.pin, pins[0]);
        // What a composition takes is no panic.
        await anna.run(() => {
          for (let i = 0; i < 2; i++) dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", keyCode: 229 }));
        });
        assert.equal(await anna.value(words.pin), pins[0]);
        await anna.run(end);
        assertBare(["7700", pins[0]], await anna.run(everything), String(end));
      }
    });

    if (engine === "chromium") {
      test("a tab that Chromium threw away: an empty page; Firefox can't be told to", async () => {
        const { anna, ben, secrets } = await inConversation();
        const devtools = await anna.page.createCDPSession();
        const crashed = new Promise((resolve) => { anna.page.once("error", resolve); });
        void devtools.send("Page.crash").catch(() => {});
        await crashed; // a reload under way would never end
        await ben.see(words.notConnected);
        await anna.page.reload();
        await assertFirstScreen(anna, secrets);
      });
    }
  });
}
