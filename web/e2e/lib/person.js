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

/** Waits until what is returned is neither null, false nor undefined. */
export const until = async (what, look, within = 60_000) => {
  const end = performance.now() + within;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found !== null && found !== false && found !== undefined) return found;
      last = undefined;
    } catch (error) {
      if (!/context|navigation|detached|not found/i.test(String(error))) throw error;
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${what}${last ? `: ${last}` : ""}`);
    await pause(20);
  }
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
  async see(text, within) {
    assert.ok(text, "the page has no such words any more");
    await until(
      `${this.name} to see "${text}"`,
      async () => (await this.text()).includes(text),
      within,
    ).catch((error) => this.tellWhatThereIs(error));
  }

  async tellWhatThereIs({ message }) {
    throw new Error(`${message}; there is:\n${(await this.text()).slice(0, 800)}`);
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

  /** Clicks the element with this label, however often it is drawn anew until then. */
  click(kind, label) {
    return until(`${this.name}'s ${kind} "${label}"`, async () => {
      const element = await this.glimpse(kind, label);
      return element?.click().then(() => true, (error) => {
        if (/detached|not clickable|no such node|stale/i.test(String(error))) return null;
        throw error;
      });
    });
  }

  press(label) {
    return this.click("button", label);
  }

  /** Types into a field as fingers do. */
  async type(label, text) {
    const field = await this.find("input, textarea", label);
    await field.click();
    await field.type(text);
  }

  /** Pastes into a field what came with some messenger. */
  async paste(label, text) {
    const field = await this.find("input, textarea", label);
    await field.click();
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

  /** Chooses a language by its name. */
  async speak(name) {
    await this.page.evaluate((name) => {
      const option = [...document.querySelectorAll("option")].find(({ textContent }) => textContent === name);
      option.selected = true;
      option.parentElement.dispatchEvent(new Event("change"));
    }, name);
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
      }).catch((error) => this.tellWhatThereIs(error));
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
    // The veil lifts by itself on focus, also between a look and a press, which
    // then waits in vain; and the focus may be lost again behind it: so there is
    // time for more than one try.
    await until(`${this.name} to be back`, async () => {
      const text = await this.text();
      if (text.includes(words.hide)) return true;
      if (!text.includes(words.goOn)) {
        await this.page.bringToFront();
        return false;
      }
      try {
        // What an earlier try left half typed is not a part of this one.
        await (await this.find("input", words.pin)).evaluate((field) => { field.value = ""; });
        await this.type(words.pin, pin);
        if ((await this.text()).includes(words.goOn)) await this.press(words.goOn);
      } catch (error) {
        if ((await this.text()).includes(words.goOn)) throw error;
      }
      return false;
    }).catch((error) => this.tellWhatThereIs(error));
  }

  /** Enters and waits for the conversation. */
  async join(number, pin) {
    await this.enter(number, pin);
    await this.find("button", words.menu);
  }

  /**
   * Looks at what is there for long enough to have read it: half a second, by the
   * page's own timers, behind whatever it still has to do.
   */
  async glance() {
    await this.run(() => new Promise((resolve) => { setTimeout(resolve, 600); }));
  }

  async write(text) {
    // A message that nobody can have read yet is not answered: the page says
    // that one came in just before.
    await this.glance();
    await this.type(words.message, text);
    await this.press(words.send);
  }

  /** The message that can be seen, and where it is. */
  message() {
    return this.run(() => {
      const log = document.querySelector("[role=log]");
      return log?.checkVisibility() ? (log.lastElementChild?.innerText.trim() ?? "") : "";
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
    await until(`${this.name} to be told "${text}"`, async () => (await this.status()) === text)
      .catch((error) => this.tellWhatThereIs(error));
  }

  /** Waits until this is the one message, and where it is. */
  async sees(text, where = "") {
    await until(`${this.name} to see the message "${text}" ${where}`, async () =>
      (await this.message()) === text && (await this.text()).includes(where))
      .catch((error) => this.tellWhatThereIs(error));
  }

  async choose(...labels) {
    await this.press(words.menu);
    for (const label of labels) await this.press(label);
  }

  /** Holds a button down until what it does was seen. */
  async hold(label, seen) {
    const button = await this.find("button", label);
    const box = await button.boundingBox();
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await this.page.mouse.down();
    await seen();
    await this.page.mouse.up();
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
      await button?.click().catch(() => {}); // it comes and goes
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
