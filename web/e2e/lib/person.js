// Somebody with the page in front of them. They know nothing but the words they
// see: fields by their labels, buttons by what is written on them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { root } from "./relay.js";

/** The words of the page. */
const table = async (name) => JSON.parse(await readFile(join(root, "web/src/strings", name), "utf8"));
export const words = {};

/** From now on everybody speaks another language. */
export const learn = async (lang) => Object.assign(words, await table(`${lang}.json`), await table(`later.${lang}.json`));

await learn("en");

/** A string with its gaps filled. */
export const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

/** Everybody who has the page open. */
const everybody = new Set();

/** What is on all of their pages. */
const whatThereIs = async () => {
  const all = [...everybody].map(async (person) => {
    const text = await Promise.race([person.text(), pause(10_000, "nothing: the page does not answer")]).catch(String);
    return `\n-- ${person.name} in ${person.engine} sees:\n${text.slice(0, 800)}`;
  });
  return (await Promise.all(all)).join("");
};

/** Waits until what is returned is neither null, false nor undefined. */
export const until = async (what, look, within = 60_000) => {
  const end = performance.now() + within;
  let last;
  for (let wait = 20; ; wait = Math.min(wait * 1.2, 100)) {
    try {
      const found = await look();
      if (found !== null && found !== false && found !== undefined) return found;
      last = undefined;
    } catch (error) {
      // Pages are loaded under a look, and elements drawn anew under a finger.
      if (error instanceof assert.AssertionError) throw error;
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${what}${last ? `: ${last}` : ""}${await whatThereIs()}`);
    await pause(wait);
  }
};

/** Clicks an element by `act`. Whether it was that element: what moves meanwhile is missed. */
export const landed = async (element, act = () => element.click()) => {
  await element.evaluate((element) => {
    window.landed = false;
    element.addEventListener("click", () => { window.landed = true; }, { once: true, capture: true });
  });
  await act();
  return element.evaluate(async () => {
    if (!window.landed) await new Promise((resolve) => { setTimeout(resolve, 300); });
    return window.landed;
  });
};

// What a browser writes to the console by itself and no page can prevent.
const unavoidable = [
  // Chromium knows Bluetooth on phones, not on Linux, and says so of our header.
  /^console: Error with Permissions-Policy header: Unrecognized feature: 'bluetooth'\.$/,
  /^console: Clear-Site-Data header on '[^']+\/x': Cleared data types: /,
  // A link that broke.
  /^console: WebSocket connection to 'ws:[^']+' failed: /,
  /^error: Firefox can’t establish a connection to the server at ws:/,
  /^error: The connection to ws:\S+ was interrupted while the page was loading/,
  /^console: Failed to load resource: net::ERR_/,
];

export class Person {
  /** Everything the page should not have done: written to the console, failed, broken its policy. */
  complaints = [];
  /** What was found in the page: it keeps alive what the page has let go of. */
  handles = [];
  /** Every URL the page asked for. */
  urls = [];

  static async visit(name, browser, url) {
    const person = new Person();
    person.name = name;
    person.url = url;
    person.page = await browser.newPage();
    person.browser = browser;
    person.engine = browser.engine;
    everybody.add(person);
    person.page.on("close", () => everybody.delete(person));
    person.page.on("console", (message) => person.complaints.push(`console: ${message.text()}`));
    person.page.on("pageerror", (error) => person.complaints.push(`error: ${error.message}`));
    person.page.on("request", (request) => person.urls.push(request.url()));
    await person.page.evaluateOnNewDocument(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
        (window.violations ??= []).push(`${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    await person.page.goto(url);
    await person.see(words.invited);
    return person;
  }

  /** Begins anew. A page in the background is not drawn, so it comes to the front. */
  async reload() {
    await this.page.bringToFront();
    await this.page.reload();
    await this.see(words.invited);
  }

  /** Runs in the page. */
  run(script, ...values) {
    return this.page.evaluate(script, ...values);
  }

  /** All the text that can be seen. */
  text() {
    return this.run(() =>
      [...document.querySelectorAll("select")].reduce(
        (text, { innerText }) => text.replace(innerText, ""),
        document.body.innerText,
      ));
  }

  /** Waits until a text can be seen. */
  async see(text) {
    assert.ok(text, "the page has no such words any more");
    await until(`${this.name} to see "${text}"`, async () => (await this.text()).includes(text));
  }

  async missing(text) {
    await until(`"${text}" to go from ${this.name}'s page`, async () => !(await this.text()).includes(text));
  }

  /** The element with this label, if it can be seen and used now. */
  async glimpse(kind, label) {
    const handle = await this.page.evaluateHandle(
      (kind, label) => {
        const named = (element) =>
          element.getAttribute("aria-label") ??
          (element.labels?.length ? element.labels[0].textContent : element.textContent);
        return [...document.querySelectorAll(kind)].find(
          (element) =>
            element.checkVisibility({ visibilityProperty: true }) && !element.disabled && named(element).trim() === label,
        );
      },
      kind,
      label,
    );
    this.handles.push(handle);
    return handle.asElement();
  }

  /** The element with this label, once it can be seen and used. */
  find(kind, label) {
    return until(`${this.name}'s ${kind} "${label}"`, () => this.glimpse(kind, label));
  }

  /** Clicks the element with this label, however often it moves or is drawn anew until then. */
  click(kind, label) {
    return until(`${this.name} to click the ${kind} "${label}"`, async () => {
      const element = await this.glimpse(kind, label);
      if (!element || (await landed(element))) return element;
      // Something lies over it.
      await element.evaluate((element) => { element.scrollIntoView({ block: "center" }); });
      return null;
    });
  }

  press(label) {
    return this.click("button", label);
  }

  /** Types into a field as fingers do. */
  async type(label, text) {
    await this.click("input, textarea", label);
    await (await this.find("input, textarea", label)).type(text);
  }

  /** Has a text in a field at once, however long. */
  async put(label, text) {
    const field = await this.find("input, textarea", label);
    await field.evaluate((element, text) => {
      element.value = text;
      element.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }, text);
  }

  /** Types in the place of what is in a field. */
  async retype(label, text) {
    const field = await this.find("input, textarea", label);
    await field.evaluate((element) => element.select());
    await field.type(text);
  }

  /** Pastes into a field what came with some messenger. */
  async paste(label, text) {
    await this.click("input, textarea", label);
    const field = await this.find("input, textarea", label);
    await field.evaluate((element, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", text);
      const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      // What a browser does when nobody takes the event.
      if (element.dispatchEvent(event)) {
        element.setRangeText(text.replaceAll("\n", ""), element.selectionStart, element.selectionEnd, "end");
        element.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste", bubbles: true }));
      }
    }, text);
  }

  value(label) {
    return this.find("input, textarea", label).then((field) => field.evaluate((element) => element.value));
  }

  /** Has a number made up, a private one or a short one. */
  async draw(kind = words.newNumber) {
    const press = async (label) => {
      const before = await this.value(words.number);
      await this.press(label);
      await until("another number", async () => (await this.value(words.number)) !== before);
    };
    await press(words.newNumber);
    if (kind !== words.newNumber) await press(kind);
  }

  /** Chooses a language by its name, and waits until all is drawn in it. */
  async speak(name) {
    await this.run((name) => {
      document.querySelector("main").id = "before";
      const option = [...document.querySelectorAll("option")].find(({ textContent }) => textContent === name);
      option.selected = true;
      option.parentElement.dispatchEvent(new Event("change"));
    }, name);
    await until(`${this.name} to speak ${name}`, () => this.run(() => !document.querySelector("#before")));
  }

  /**
   * Opens a new channel and returns the invitation that the sheet shows: of a
   * short number, or of a private one. A number that others on this relay have
   * drawn before, one in ten thousand, is drawn anew.
   */
  async create(pin, kind = words.shortNumber) {
    for (;;) {
      await this.draw(kind);
      if (!(await this.value(words.pin))) await this.type(words.pin, pin);
      await this.press(words.open);
      const text = await until("an invitation, or that the number is in use", async () => {
        const text = await this.text();
        return (text.includes(words.copy) || text.includes(words.taken)) && text;
      });
      if (text.includes(words.copy)) return this.invitation();
    }
  }

  /** The sentence on the sheet. */
  invitation() {
    const start = words.invite.split("{")[0];
    return until("an invitation", async () =>
      (await this.text()).split("\n").find((line) => line.startsWith(start)));
  }

  async enter(number, pin) {
    await this.paste(words.number, number);
    await this.type(words.pin, pin);
    await this.press(words.open);
  }

  /** Takes the phone up again, and lifts the curtain if there is one. */
  async comeBack(pin) {
    await this.page.bringToFront();
    const isBack = async () => (await this.text()).includes(words.hide);
    // The veil lifts by itself on focus, which may be lost again: so there is time
    // for more than one try.
    await until(`${this.name} to be back`, async () => {
      if (await isBack()) return true;
      const button = await this.glimpse("button", words.goOn);
      if (!button) {
        await this.page.bringToFront();
        return false;
      }
      // What an earlier try left half typed is not a part of this one.
      await this.retype(words.pin, pin);
      await landed(button);
      return until("the PIN to be compared", isBack, 5000).catch(() => false);
    });
  }

  /** Enters and waits for the conversation. */
  async join(number, pin) {
    await this.enter(number, pin);
    await this.find("button", words.menu);
  }

  /** Looks at what is there for longer than it takes to count as read, by the page's own timers. */
  async glance() {
    await this.run(() => new Promise((resolve) => { setTimeout(resolve, 600); }));
  }

  /** Sends what is written, or leaves it. What came in just before is to be read first: until then it stays in the composer. */
  async send() {
    await until(`${this.name} to send`, async () => {
      const button = (await this.glimpse("button", words.send)) ?? (await this.glimpse("button", words.leaveIt));
      if (!button || !(await landed(button))) return false;
      return this.run((here) => {
        const field = document.querySelector("textarea");
        return !field?.checkVisibility() || !field.value || document.body.innerText.includes(here);
      }, words.here);
    });
  }

  /** Writes and sends, once what went before is through: until then a field takes nothing. */
  async write(text) {
    await until(`${this.name} to be let write`, () => this.run(() => document.querySelector("textarea")?.readOnly === false));
    await this.type(words.message, text);
    await until(`${this.name} to have written "${text}"`, async () => {
      if ((await this.value(words.message)).endsWith(text)) return true;
      await this.retype(words.message, text);
      return false;
    });
    await this.send();
  }

  /** The message that can be seen, and where it is, which stands behind its time; nothing if there is no talk to be seen. */
  message() {
    return this.run(() => {
      const talk = document.querySelector(".talk");
      if (!talk?.checkVisibility()) return {};
      const [log, meta] = talk.children;
      return {
        text: log.lastElementChild?.innerText.trim() ?? "",
        where: meta.textContent.split(" · ").slice(1).join(" · "),
      };
    });
  }

  /** What the page's one line says, all of them if there are more. */
  status() {
    return this.run(() =>
      [...document.querySelectorAll("[role=status]")]
        .filter((line) => line.checkVisibility())
        .map(({ textContent }) => textContent)
        .join("\n")
        .trim());
  }

  /** Waits until the page's line says exactly this. */
  async isTold(text) {
    await until(`${this.name} to be told "${text}"`, async () => (await this.status()) === text);
  }

  /** Waits until this is the one message, and where it is. */
  async sees(message, place) {
    await until(`${this.name} to see the message "${message}" ${place ?? ""}`, async () => {
      const { text, where } = await this.message();
      return text === message && (!place || where === place);
    });
  }

  /** Waits until the message is there, whatever it says. */
  async lies(place) {
    await until(`${this.name}'s message to be ${place}`, async () => (await this.message()).where === place);
  }

  async choose(...labels) {
    await this.press(words.menu);
    for (const label of labels) await this.press(label);
  }

  /** Holds a button down until what it does was seen; anew if it moved away from under the finger. */
  async hold(label, seen) {
    await until(`${this.name} to hold "${label}"`, async () => {
      const button = await this.glimpse("button", label);
      await button?.hover();
      await this.page.mouse.down();
      const held = () => button?.evaluate((element) => element.matches(".held") && element.isConnected);
      while (await held()) await pause(50);
      await this.page.mouse.up();
      return button?.evaluate((element) => !element.isConnected);
    });
    await seen();
  }

  /** Holds a button down for so many ms by the page's own timers, and waits so many more. */
  async holdBriefly(label, ms, more) {
    const button = await this.find("button", label);
    await button.evaluate(async (element, ...times) => {
      for (const [i, time] of times.entries()) {
        element.dispatchEvent(new PointerEvent(i ? "pointerup" : "pointerdown", { bubbles: true }));
        await new Promise((resolve) => { setTimeout(resolve, time); });
      }
    }, ms, more);
  }

  /** Presses Open, and waits until the page has the relay's answer. */
  async ask() {
    const answers = () => this.tap.frames().filter(({ direction, opcode }) => direction === "down" && opcode === 1).length;
    const before = answers();
    await this.press(words.open);
    await until(`an answer for ${this.name}`, () => answers() > before);
    await this.missing(words.opening);
  }

  /** Tries now, unless the page did by itself. */
  async tryNow() {
    await until(`${this.name} to be back on the relay`, async () => {
      const button = await this.glimpse("button", words.tryNow);
      // It comes and goes, and so may what stands in its place: a click at a place could hit that.
      await button?.evaluate((element) => { element.click(); });
      return !(await this.text()).includes(words.reconnecting);
    });
  }

  /** Does twice or three times in quick succession what leaves nothing; anew if this machine was too slow for it to count. */
  async panic(gesture) {
    await until(`${this.name}'s first screen`, async () => {
      if (!(await this.text()).includes(words.invited)) await gesture();
      return (await this.text()).includes(words.invited);
    });
  }

  /** Nothing was asked of anybody else, and nothing was complained about. */
  async behaved() {
    const violations = await this.run(() => window.violations ?? []);
    const complaints = this.complaints.filter((complaint) => !unavoidable.some((pattern) => pattern.test(complaint)));
    assert.deepEqual([...complaints, ...violations], [], `${this.name} in ${this.engine}`);
    const { origin } = new URL(this.url);
    const strange = this.urls.filter((url) => !/^(?:data|blob):/.test(url) && new URL(url).host !== new URL(origin).host);
    assert.deepEqual(strange, [], `${this.name} in ${this.engine} asked others`);
  }
}
