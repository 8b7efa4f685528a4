// Voice notes of a private number: made, heard, sent, taken back.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { composerFaults, faults } from "./lib/looks.js";
import { begin, fakeMicrophone, hasNote, record, spoken, tracks, watched } from "./lib/mic.js";
import { buildPeer } from "./lib/peer.js";
import { until, words } from "./lib/person.js";
import { pairs, stage, theatre } from "./lib/stage.js";
import { speak } from "./lib/walk.js";

const strings = await spoken();
const pins = ["314159", "271828"];
const gophers = await buildPeer();
after(gophers.remove);

/** Notes what every player there is says from now on, however shortly, by where it is. */
const watchPlayers = (person) => person.run(() => {
  window.heard = {};
  for (const place of [".bubble:last-child", ".composer"]) {
    const node = document.querySelector(`${place} .player`);
    if (!node) continue;
    const [button, seek] = node.children;
    const seen = window.heard[place] = { labels: [], furthest: 0 };
    const now = () => button.getAttribute("aria-label");
    let last = now();
    new MutationObserver(() => {
      if (now() !== last) seen.labels.push(last = now());
      seen.furthest = Math.max(seen.furthest, Number(seek.value));
    }).observe(node, { attributes: true, subtree: true });
  }
});

/** Waits until what is there has been played to its end. */
const isPlayed = (person, place) =>
  until(`${place} to be played`, () => person.run((place, labels) =>
    window.heard[place].labels.join() === labels, place, [strings.pause, strings.play].join()));

/** Plays the newest message to its end; gives the bytes that were played, how many seconds they are, and how far it was seen. */
const listens = async (person) => {
  await person.run(() => { window.decoded.length = 0; });
  await watchPlayers(person);
  await person.click(".bubble:last-child button", strings.play);
  await isPlayed(person, ".bubble:last-child");
  return person.run(() => ({
    bytes: [...window.decoded[0]],
    seconds: Number(document.querySelector(".bubble:last-child [type=range]").max),
    furthest: window.heard[".bubble:last-child"].furthest,
  }));
};

/** Starts the newest message, and one's own recording while the first is still being decoded. */
const onlyOnePlays = async (person) => {
  await person.run(() => {
    const { prototype } = OfflineAudioContext;
    const decode = prototype.decodeAudioData;
    const go = new Promise((resolve) => { window.go = resolve; });
    window.ready = 0;
    prototype.decodeAudioData = async function (data) {
      await go;
      return decode.call(this, data).finally(() => window.ready++);
    };
  });
  await watchPlayers(person);
  await person.click(".bubble:last-child button", strings.play);
  await person.click(".composer button", strings.play);
  await person.run(() => window.go());
  await until("both to be decoded", () => person.run(() => window.ready === 2));
  await isPlayed(person, ".composer");
  assert.deepEqual(await person.run(() => window.heard[".bubble:last-child"].labels), [], "both are played");
};

/** What is in a recording: channels, and bits in a second. */
const soundIn = (bytes, seconds) => {
  const data = Buffer.from(bytes);
  const head = data.indexOf("OpusHead");
  assert.ok(head > 0, "it is Opus");
  return { channels: data[head + 9], kbit: (bytes.length * 8) / seconds / 1000 };
};

/** What is said of a note under way, and for how many seconds it is, if it is. */
const underWay = (person) =>
  person.run(() => {
    const clock = document.querySelector(".voice [role=status] + [role=timer]");
    return clock?.checkVisibility() ? [clock.previousSibling.textContent, Number(clock.textContent.slice(2))] : null;
  });

for (const pair of pairs) {
  describe(`${pair[0]} opens, ${pair[1]} is invited`, () => {
    const { it: on, raise, clear, close } = theatre([]);
    before(() => raise(undefined, fakeMicrophone));
    afterEach(clear);
    after(close);

    /** Waits until this is said of the note under way, for so long already. */
    const goes = (person, said, seconds = 0) =>
      until(`${person.name}'s note to be "${said}" for ${seconds} s`, async () => {
        const [what, since] = (await underWay(person)) ?? [];
        return what === said && since >= seconds;
      });

    const couple = async (kind = words.newNumber) => {
      const { anna, ben } = await on.pair(pair, pins, kind);
      for (const person of [anna, ben]) {
        await watched(person);
        await person.see(words.connected);
      }
      return [anna, ben];
    };

    test("one is recorded, thrown away, recorded again, sent, heard at both speeds and answered", async () => {
      const [anna, ben] = await couple();
      await record(anna, strings, 1);
      await anna.press(strings.discard);
      await anna.find("textarea", words.message);
      await record(anna, strings, 4);
      await anna.press(words.send);
      await hasNote(ben);
      await hasNote(anna, words.read);
      assert.equal(await tracks(anna), "ended,ended");
      const heard = await listens(ben);
      const { channels, kbit } = soundIn(heard.bytes, heard.seconds);
      assert.equal(channels, 1);
      assert.ok(heard.furthest > 0.3, "its position is seen");
      assert.ok(kbit > 8 && kbit < 20, `${kbit} kbit/s`);
      await ben.click(".bubble:last-child button", "1.5×");
      assert.deepEqual((await listens(ben)).bytes, heard.bytes);
      await ben.click(".bubble:last-child button", "1.5×");
      await ben.click(".bubble:last-child button", strings.play);
      await record(ben, strings, 1);
      assert.ok(await ben.glimpse(".bubble:last-child button", strings.play), "it sounds into the recording");
      await onlyOnePlays(ben);
      await ben.press(words.send);
      await hasNote(ben, words.read);
      await listens(anna);
      await anna.press(words.hide);
      await until("the curtain", () => anna.run(() => !document.querySelector(".player")));
      await anna.comeBack(pins[0]);
      await hasNote(anna);
      await anna.write("heard");
      await ben.sees("heard");
    });

    test("the microphone is off when it is not used: thrown away, hidden, panic; what was said before it was hidden stays", async () => {
      const [anna] = await couple();
      await begin(anna, strings);
      assert.equal(await tracks(anna), "live");
      await anna.press(strings.discard);
      await until("it to be off", async () => (await tracks(anna)) === "ended");
      await begin(anna, strings);
      await anna.press(words.hide);
      await until("it to be off", async () => (await tracks(anna)) === "ended,ended");
      await anna.comeBack(pins[0]);
      await anna.find(".composer button", strings.play);
      await anna.press(strings.discard);
      await begin(anna, strings);
      await anna.panic(async () => {
        await anna.page.keyboard.press("Escape");
        await anna.page.keyboard.press("Escape");
      });
      await until("it to be off", async () => (await tracks(anna)) === "ended,ended,ended");
    });

    test("the Go client gets one, and sends it back", async () => {
      const anna = await watched(await on.visit("Anna", pair[0]));
      const invitation = await anna.create(pins[0], words.newNumber);
      const gopher = gophers.start({ url: `http://127.0.0.1:${on.relay.port}`, number: invitation, pin: pins[1] });
      await gopher.hears("in");
      await anna.see(words.connected);
      await record(anna, strings, 1);
      await anna.press(words.send);
      await gopher.hears("message");
      const { voice } = gopher.heard.findLast(({ event }) => event === "message");
      assert.match(voice.type, /^audio\/(?:webm|mp4)/);
      await hasNote(anna, words.read);
      gopher.speak(voice);
      await until("it to come back", () => anna.run(() => !document.querySelector(".bubble.mine")));
      await hasNote(anna);
      assert.deepEqual(Buffer.from((await listens(anna)).bytes), Buffer.from(voice.data, "base64"));
      await gopher.hears("read");
      await anna.write("go on");
      await gopher.hears("message", "go on");
      gopher.speak({ ms: 1000, type: "audio/none", data: Buffer.from("no sound").toString("base64") });
      await hasNote(anna);
      await anna.click(".bubble:last-child button", strings.play);
      await anna.see(strings.cantPlay);
      await gopher.leave();
    });

    test("only with long numbers, and after half a minute it stops by itself; it waits for a line", async () => {
      const [short] = await couple(words.shortNumber);
      assert.equal(await short.glimpse("button", words.voiceNote), null);
      const [anna, ben] = await couple();
      await begin(anna, strings);
      await anna.find(".composer button", strings.play);
      const seconds = await anna.run(() => Number(document.querySelector(".player [type=range]").max));
      assert.ok(seconds > 20 && seconds <= 30, `${seconds} s`);
      ben.tap.cut();
      await anna.see(words.willWait);
      ben.tap.mend();
      anna.tap.cut();
      await anna.see(words.tryNow);
      await anna.press(words.leaveIt);
      await anna.find("button", words.cancel);
      anna.tap.mend();
      await hasNote(ben);
      await hasNote(anna, words.read);
    });

    test("over a slow line it is said for how long it goes; taken back it is deleted, or was heard; cut off it goes again as it was", async () => {
      const [anna, ben] = await couple();
      const slow = 8; // bytes in 20 ms: half a minute for the shortest note
      await record(anna, strings, 1);

      // Nobody looks: what arrives is deleted before it is heard.
      await ben.press(words.hide);
      anna.tap.drip(slow);
      await anna.press(words.send);
      await goes(anna, strings.sending);
      await goes(anna, strings.sending, 2);
      await anna.press(words.cancel);
      await goes(anna, strings.takingBack);
      anna.tap.drip(0);
      await anna.sees(words.deleted);
      await anna.find(".composer button", strings.play);
      await ben.comeBack(pins[1]);
      await ben.sees(words.deleted);

      // The other was faster.
      anna.tap.drip(slow);
      await anna.press(words.send);
      await goes(anna, strings.sending);
      await anna.press(words.cancel);
      anna.tap.hold("down");
      anna.tap.drip(0);
      await hasNote(ben);
      await ben.glance();
      anna.tap.release();
      await hasNote(anna, words.read);
      await anna.see(words.alreadyRead);
      assert.equal(await anna.glimpse(".composer button", strings.play), null);
      await hasNote(ben);

      await ben.write("again");
      await anna.sees("again", "");
      await record(anna, strings, 1);
      const sent = () => anna.tap.frames().filter(({ direction, payload }) => direction === "up" && payload.includes("send_message"));
      const before = sent().length;
      anna.tap.drip(slow);
      await anna.press(words.send);
      await goes(anna, `${strings.sending} ${strings.slow}`);
      anna.tap.cut();
      await goes(anna, strings.waits, 1);
      anna.tap.drip(0);
      anna.tap.mend();
      await hasNote(ben);
      await hasNote(anna, words.read);
      const [first, second, ...more] = sent().slice(before).map(({ payload }) => JSON.parse(payload));
      assert.deepEqual(second.data, first.data);
      assert.match(first.data.nonce, /^[0-9a-f]{32}$/);
      assert.deepEqual(more, []);
    });

    test("whatever is shown of a note: big enough, nothing cut off or covered, on a small screen and from right to left", async () => {
      const [anna, ben] = await couple();
      await ben.press(words.hide);
      const wrong = [];
      const states = [];
      await speak(anna, ben, async (state) => {
        states.push(state);
        for (const [width, height, dir] of [[360, 640, "rtl"], [320, 568, "ltr"], [320, 568, "rtl"]]) {
          await anna.page.setViewport({ width, height, deviceScaleFactor: 1 });
          await until("the new size", () => anna.run((width) => innerWidth === width, width));
          await anna.run((dir) => { document.documentElement.dir = dir; }, dir);
          // The page hears of it with the next frame.
          await anna.run(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
          const found = [...(await anna.run(faults)), ...(await anna.run(composerFaults))];
          wrong.push(...found.map((fault) => `${state}, ${width}, ${dir}: ${fault}`));
        }
        await anna.run(() => { document.documentElement.dir = "ltr"; });
      });
      assert.deepEqual(wrong, []);
      assert.equal(states.length, 8);
      // What stands in the place of a player is words.
      assert.equal(await anna.run(() => document.querySelector(".bubble:last-child .player").dir), "");
    });
  });
}

/** Bytes of a page in Chromium that are still held: its objects, and what its arrays hold beside them. */
const held = async (person) => {
  for (const handle of person.handles.splice(0)) await handle.dispose();
  const devtools = (person.devtools ??= await person.page.createCDPSession());
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = await devtools.send("Runtime.getHeapUsage");
  return usedSize + backingStorageSize;
};

describe("in Chromium", () => {
  const on = stage();

  test("fifty voice notes leave no more behind than ten", async (t) => {
    const anna = await on.visit("Anna", "chromium");
    const invitation = await anna.create(pins[0], words.newNumber);
    const gopher = gophers.start({ url: `http://127.0.0.1:${on.relay.port}`, number: invitation, pin: pins[1] });
    await gopher.hears("in");
    await anna.see(words.connected);
    const note = { ms: 30_000, type: "audio/none", data: Buffer.alloc(60_000, 1).toString("base64") };
    const talk = async (from, to) => {
      for (let n = from; n <= to; n++) {
        gopher.speak(note);
        await hasNote(anna);
        await anna.write(`heard ${n}`);
        await gopher.hears("message", `heard ${n}`);
      }
      return held(anna);
    };
    const before = await talk(1, 10);
    const grown = (await talk(11, 50)) - before;
    t.diagnostic(`${grown} bytes more`);
    // A quarter of what came: 0.17 MB was seen, which is what Chromium and 80 messages leave.
    assert.ok(grown < 40 * 60_000 / 4, `${grown} bytes more`);
    await gopher.leave();
  });
});
