// What a reader of screens has to say: each message once, each status line as it
// changes, and nothing again because something else was drawn.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

/**
 * Keeps what changes in live regions that are on the page: that is what is read
 * out. What comes or goes together with its region is not. Runs in the page.
 */
const listen = () => {
  const heard = (window.heard = []);
  new MutationObserver((records) => {
    const all = records.flatMap(({ addedNodes }) => [...addedNodes]);
    for (const { target, addedNodes } of records) {
      // What is in something that came just now, came with it.
      if (all.some((node) => node.contains(target))) continue;
      const region = (target instanceof Element ? target : target.parentElement)?.closest("[role=log], [role=status]");
      const text = [...addedNodes].map(({ textContent }) => textContent).join("");
      if (region?.isConnected && text) heard.push(`${region.getAttribute("role")}: ${text}`);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
};

const heardBy = (person, role) =>
  person.run((role) => window.heard.filter((line) => line.startsWith(role)).map((line) => line.slice(role.length + 2)), role);

/** Another window takes the focus, and gives it back. */
const glanceAway = async (person) => {
  await person.run(() => dispatchEvent(new Event("blur")));
  await until("a veil", () => person.run(() => !!document.querySelector(".veil")));
  await person.run(() => dispatchEvent(new Event("focus")));
  await person.find("button", words.hide);
};

/** Has the page keep five messages. */
const keepFive = async (person) => {
  await person.press(words.menu);
  await person.find("button", words.help);
  await person.run((label) => {
    const select = [...document.querySelectorAll("label")].find(({ textContent }) => textContent.startsWith(label)).querySelector("select");
    select.value = "5";
    select.dispatchEvent(new Event("change"));
  }, words.keep);
  await person.press(words.menu);
};

/** Whether the end of the talk is in view. Runs in the page. */
const atEnd = () => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".middle");
  return scrollHeight - scrollTop - clientHeight < 50;
};

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("who reads what was said before goes on reading", async () => {
      const { anna, ben } = await on.pair(pair);
      await keepFive(anna);
      const long = (n) => [n, ...Array(12).fill("and so on")].join("\n");
      const says = async (from, to, text) => {
        await from.put(words.message, text);
        await from.send();
        await to.sees(text);
        await from.sees(text, to === anna && !await to.run(atEnd) ? words.onRelay : words.read);
      };
      for (const n of [1, 3]) {
        await says(anna, ben, long(n));
        await says(ben, anna, long(n + 1));
        assert.ok(await anna.run(atEnd), "the newest is in view where nobody reads above it");
        assert.equal(await anna.run(() => document.querySelector("header").getBoundingClientRect().top), 0, "and nothing else moves");
      }
      await says(anna, ben, long(5));
      // The second stands at the top of the view when the sixth comes, and the first goes.
      const second = (down) => anna.run((down) => {
        const bubble = [...document.querySelectorAll(".bubble")].find(({ textContent }) => textContent.startsWith("2"));
        const middle = document.querySelector(".middle");
        if (down) middle.scrollTop += bubble.getBoundingClientRect().top - middle.getBoundingClientRect().top;
        return bubble.getBoundingClientRect().top;
      }, down);
      const before = await second(true);
      await says(ben, anna, long(6));
      assert.equal(await anna.run(() => document.querySelectorAll(".bubble").length), 5);
      // Engines round where they put it, and may do so with the next frame.
      const stands = () => until(`the second to stand at ${before}`, async () => Math.abs(await second(false) - before) < 3);
      await stands();
      await anna.press(words.menu);
      await anna.press(words.help);
      assert.equal(await anna.run(() => document.querySelector(".middle").scrollTop), 0, "help begins at its beginning");
      await anna.press(words.close);
      await stands();
      await anna.run(() => { document.querySelector(".middle").scrollTop = 1e6; });
      await ben.lies(words.read);
    });
  });
}

// Each of them is listened to.
describe("Chromium opens, Firefox is invited", () => {
  const [pair] = pairs;
  const on = stage();

  test("each message is announced once, whatever else is drawn", async () => {
    const { anna, ben } = await on.pair(pair);
    // Ben's page keeps what was said before, and announces nothing of it again.
    await keepFive(ben);
    for (const person of [anna, ben]) await person.run(listen);
    const said = ["Yes", "No", "No", "last"];
    await anna.write(said[0]);
    await ben.sees(said[0]);
    await anna.sees(said[0], words.read);
    // While the menu is open it is heard all the same, once.
    await anna.press(words.menu);
    await ben.write(said[1]);
    await until("the answer behind the menu", async () => (await heardBy(anna, "log")).includes(said[1]));
    await anna.press(words.menu);
    await anna.sees(said[1]);
    await ben.sees(said[1], words.read);
    // The same words again are another message.
    await anna.write(said[2]);
    await ben.sees(said[2]);
    await anna.sees(said[2], words.read);
    await glanceAway(anna);
    await glanceAway(ben);
    for (const person of [anna, ben]) {
      person.tap.cut();
      await person.see(words.reconnecting);
      person.tap.mend();
      await person.tryNow();
      await person.see(words.connected);
    }
    await ben.write(said[3]);
    await anna.sees(said[3]);
    await ben.sees(said[3], words.read);
    await ben.press(words.hide);
    await until("the curtain", () => ben.run(() => !document.querySelector(".bubble")));
    await ben.comeBack("271828");
    await ben.sees(said[3], words.read);
    const bubbles = () => [...document.querySelectorAll(".bubble")].map(({ textContent }) => textContent);
    assert.deepEqual(await ben.run(bubbles), said);
    assert.deepEqual(await anna.run(bubbles), said.slice(3));
    for (const person of [anna, ben]) assert.deepEqual(await heardBy(person, "log"), said, person.name);
    for (const person of [anna, ben]) assert.deepEqual(await heardBy(person, "status"), [words.reconnecting], person.name);
  });

  test("an edited message is announced anew, a deleted one is not", async () => {
    const { anna, ben } = await on.pair(pair);
    // Nobody looks, so it can be edited; but it is heard.
    await ben.press(words.menu);
    for (const person of [anna, ben]) await person.run(listen);
    await anna.write("frist");
    await until("it to be heard", async () => (await heardBy(ben, "log")).includes("frist"));
    await anna.sees("frist", words.onRelay);
    await anna.choose(words.edit);
    await anna.retype(words.message, "first");
    await anna.press(words.save);
    await until("the edited text", async () => (await heardBy(ben, "log")).includes("first"));
    await anna.choose(words.remove);
    await until("the message to go", () => ben.run(() => document.querySelector("[role=log]").textContent === ""));
    for (const person of [anna, ben]) assert.deepEqual(await heardBy(person, "log"), ["frist", "first"], person.name);
  });

  test("a status line is there before it says something", async () => {
    const anna = await on.visit("Anna", pair[0]);
    await anna.run(listen);
    await anna.enter("+44 7700 900999", "123456");
    await anna.see(words.nobody);
    // Another screen, with something to say from the beginning.
    await anna.reload();
    await anna.run(listen);
    const invitation = await anna.create("314159");
    const ben = await on.visit("Ben", pair[1]);
    await ben.join(invitation, "271828");
    await anna.see(words.connected);
    await ben.press(words.menu);
    await ben.hold(words.wipe, () => anna.see(words.wipedThere));
    assert.deepEqual(await heardBy(anna, "status"), [words.opening, words.wipedThere]);
  });
});

// Firefox does not tell a driver of its tree of accessibility.
describe("chromium's tree of accessibility", () => {
  const on = stage();

  test("has a polite log, and status lines, of the moment and of keys, that are there while they are empty", async () => {
    const { anna } = await on.pair(pairs[0]);
    await anna.write("there");
    await anna.sees("there");
    const session = await anna.page.createCDPSession();
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const live = (role) =>
      nodes.filter((node) => !node.ignored && node.role.value === role)
        .map(({ properties }) => properties.find(({ name }) => name === "live")?.value.value);
    assert.deepEqual(live("log"), ["polite"]);
    assert.deepEqual(live("status"), ["polite", "polite"]);
    const log = nodes.find((node) => node.role?.value === "log");
    const inside = (id) => {
      const node = nodes.find(({ nodeId }) => nodeId === id);
      return [node.name?.value ?? "", ...(node.childIds ?? []).map(inside)].join(" ");
    };
    assert.match(inside(log.nodeId), /\bthere\b/);
    assert.equal(await anna.run(() => [...document.querySelectorAll("[role=status]")].map(({ textContent }) => textContent).join("")), "");
  });
});
