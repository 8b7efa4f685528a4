// Takes every screen in both browsers, to be looked at: in light and dark, on a
// small phone and on a desk. Writes one sheet for each of them besides.
//
//   npm run screens            into a new folder, whose name it prints
//   npm run screens -- FOLDER

import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engines, launch } from "./lib/browser.js";
import { Person, say, until, words } from "./lib/person.js";
import { buildRelay, startRelay } from "./lib/relay.js";
import { Tap } from "./lib/tap.js";

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), "notes-screens-")));
await mkdir(folder, { recursive: true });

const sizes = [
  { width: 360, height: 640 },
  { width: 320, height: 568 },
  { width: 1280, height: 800 },
];
const dark = {
  args: ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"],
  prefs: { "layout.css.prefers-color-scheme.content-override": 0 },
};

/** Walks through every screen and takes each. */
const walk = async (mine, theirs, relay, shoot) => {
  const taps = [await new Tap(relay.port).listen(), await new Tap(relay.port).listen()];
  const anna = await Person.visit("Anna", mine, taps[0].url);
  const ben = await Person.visit("Ben", theirs, taps[1].url);
  const shot = (name, person = anna) => shoot(name, person.page);
  const wake = async () => anna.page.bringToFront();
  await wake();

  await shot("open");
  await anna.press(words.open);
  await shot("open-no-number");
  await anna.enter("+44 7700 900999", "123456");
  await anna.see(words.nobody);
  await shot("open-nobody");
  await anna.reload();
  await anna.press(words.help);
  await anna.see("How it works");
  await shot("open-help");
  await anna.press(words.close);
  await anna.press(words.newNumber);
  await anna.type(words.pin, "314159");
  await shot("open-new");
  await anna.press(words.open);
  await anna.see(words.copy);
  const invitation = await anna.invitation();
  await shot("share");
  await anna.press(words.qr);
  await until("a QR code", () => anna.run(() => document.querySelector("canvas")?.checkVisibility()));
  await anna.run(() => document.querySelector("canvas").scrollIntoView());
  await shot("share-qr");
  await anna.press(words.close);
  await shot("chat-empty");
  await ben.enter(invitation.replace(/, ref.*/, ""), "271828");
  await ben.see(words.askRef);
  await shot("open-ask-ref", ben);
  await ben.reload();
  await ben.enter(invitation, "314159");
  await ben.see(words.samePin);
  await shot("open-same-pin", ben);
  await ben.reload();
  await ben.join(invitation, "271828");
  await anna.see(words.connected);
  await ben.press(words.hide);
  await anna.write("A message of some length, so that it breaks into lines. 🙂\n\nAnd a second paragraph: https://example.org/a/rather/long/address");
  await anna.see(words.onRelay);
  await shot("chat-on-relay");
  await anna.press(words.menu);
  await anna.find("button", words.leave);
  await shot("menu");
  await anna.press(words.edit);
  await shot("chat-editing");
  await anna.press(words.cancel);
  await ben.comeBack("271828");
  await anna.see(words.read);
  await shot("chat-read");
  await ben.write("نعم، في السابعة.");
  await anna.sees("نعم، في السابعة.");
  await anna.type(words.message, "A draft\nof three\nlines");
  await shot("chat-draft");
  await anna.run((text) => {
    const field = document.querySelector("textarea");
    field.value = text;
    field.dispatchEvent(new InputEvent("input"));
  }, "x".repeat(9000));
  await shot("chat-too-long");
  await anna.run(() => {
    const field = document.querySelector("textarea");
    field.value = "A draft";
    field.dispatchEvent(new InputEvent("input"));
  });
  taps[0].cut();
  await anna.see(words.reconnecting);
  await shot("chat-reconnecting");
  taps[0].mend();
  await anna.press(words.tryNow).catch(() => undefined);
  await anna.see(words.connected);
  await anna.press(words.hide);
  await shot("curtain");
  await anna.type(words.pin, "000000");
  await anna.press(words.goOn);
  await anna.see(say("wrongPin", { left: 4 }));
  await shot("curtain-wrong");
  await anna.comeBack("314159");
  await anna.choose(words.leave);
  await anna.see(words.need);
  await anna.press("Kiswahili");
  await anna.see("Mpya");
  await shot("open-swahili");
  for (const path of ["about", "security"]) {
    await anna.page.goto(taps[0].url + path);
    await shot(path);
  }
  for (const person of [anna, ben]) await person.page.close();
  for (const tap of taps) await tap.close();
};

/** All screens of one kind on one picture. */
const sheet = async (browser, name, shots, { width }) => {
  const page = await browser.browser.newPage();
  const shown = Math.min(width, 360);
  await page.setViewport({ width: 6 * (shown + 16) + 16, height: 800 });
  await page.setContent(`<!doctype html><style>
    body { margin: 8px; display: flex; flex-wrap: wrap; font: 14px sans-serif; background: #888 }
    figure { margin: 8px } img { width: ${shown}px; display: block }
  </style>${shots.map(([title, data]) => `<figure><figcaption>${title}</figcaption><img src="data:image/png;base64,${data}"></figure>`).join("")}`);
  await page.screenshot({ path: join(folder, `sheet-${name}.png`), fullPage: true });
  await page.close();
};

const built = await buildRelay();
const relay = await startRelay(built.binary);
try {
  for (const engine of engines) {
    for (const [scheme, extra] of [["light", {}], ["dark", dark]]) {
      for (const size of scheme === "light" ? sizes : sizes.slice(0, 1)) {
        const name = `${engine}-${scheme}-${size.width}`;
        const [mine, theirs] = [await launch(engine, size, extra), await launch(engine, size, extra)];
        const shots = [];
        try {
          await walk(mine, theirs, relay, async (screen, page) => {
            const data = await page.screenshot({ encoding: "base64" });
            shots.push([screen, data]);
            await writeFile(join(folder, `${name}-${screen}.png`), Buffer.from(data, "base64"));
          });
        } finally {
          await sheet(theirs, name, shots, size);
          await mine.close();
          await theirs.close();
        }
        console.log(name, shots.length);
      }
    }
  }
} finally {
  await relay.stop();
  await built.remove();
}
console.log(folder);
