// Takes the picture for the README: two phones side by side, from the real page.
//
//   npm run picture            writes ../picture.png
//   npm run picture -- FILE

import { join, resolve } from "node:path";
import { launch } from "./lib/browser.js";
import { Person, until, words } from "./lib/person.js";
import { buildRelay, root, startRelay } from "./lib/relay.js";

const file = resolve(process.argv[2] ?? join(root, "web/picture.png"));
const phone = { width: 360, height: 640, deviceScaleFactor: 2 };

const built = await buildRelay();
const relay = await startRelay(built.binary);
const browsers = [];
try {
  const url = `http://localhost:${relay.port}/`;
  // A browser each, as only one page of a browser can have the focus.
  for (const _ of ["Anna", "Ben"]) browsers.push(await launch("chromium", phone));
  const anna = await Person.visit("Anna", browsers[0], url);
  const ben = await Person.visit("Ben", browsers[1], url);
  const invitation = await anna.create("314159", words.newNumber);
  await ben.join(invitation, "271828");
  await anna.see(words.connected);
  await anna.write("Is it still tonight?");
  await anna.sees("Is it still tonight?", `· ${words.read}`);
  await ben.write("Yes. Same place, an hour later.\nI’ll leave the light on.");
  await ben.sees("Yes. Same place, an hour later.\nI’ll leave the light on.", `· ${words.read}`);
  await anna.type(words.message, "Good. I");

  const shots = [];
  for (const person of [anna, ben]) {
    await person.run(() => document.activeElement.blur());
    shots.push(await person.page.screenshot({ encoding: "base64" }));
  }
  const stage = await browsers[0].newPage();
  await stage.setViewport({ width: 840, height: 704, deviceScaleFactor: 2 });
  await stage.setContent(`<!doctype html><style>
    body { margin: 0; display: flex; gap: 2rem; justify-content: center; align-items: center; height: 100vh; background: #e4e6e8 }
    img { width: 360px; height: 640px; border-radius: 1.25rem; box-shadow: 0 0 0 .375rem #2b2f33, 0 .5rem 1.5rem #0004 }
  </style>${shots.map((shot) => `<img alt="" src="data:image/png;base64,${shot}">`).join("")}`);
  await until("both pictures", () => stage.evaluate(() => [...document.images].every((image) => image.complete)));
  await stage.screenshot({ path: file });
  console.log(file);
} finally {
  for (const browser of browsers) await browser.close();
  await relay.stop();
  await built.remove();
}
