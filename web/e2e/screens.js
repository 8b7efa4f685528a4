// Takes every state in both browsers, to be looked at: in light and dark, on
// small phones and on a desk. Writes one sheet for each of them besides.
//
//   npm run screens            into a new folder, whose name it prints
//   npm run screens -- FOLDER [WHICH]    only those whose name has WHICH in it

import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeMicrophone } from "./lib/mic.js";
import { learn, words } from "./lib/person.js";
import { pairs, theatre } from "./lib/stage.js";
import { shortWalk, speak, walk } from "./lib/walk.js";
import { wear } from "./lib/wear.js";

const [given, which = ""] = process.argv.slice(2);
const folder = given ?? (await mkdtemp(join(tmpdir(), "notes-screens-")));
await mkdir(folder, { recursive: true });

const phone = { width: 360, height: 640 };
const views = [
  { name: "light-360", size: phone },
  { name: "dark-360", size: phone, settings: { dark: true } },
  { name: "forced-360", size: phone, settings: { forced: true } },
  { name: "ar-320", size: { width: 320, height: 568 }, lang: "ar" },
  { name: "hi-320", size: { width: 320, height: 568 }, lang: "hi" },
  { name: "light-320", size: { width: 320, height: 568 } },
  { name: "dark-1280", size: { width: 1280, height: 800 }, settings: { dark: true } },
  { name: "light-1280", size: { width: 1280, height: 800 } },
];

/** All screens of one kind on one picture. */
const sheet = async (browser, file, shots, { width }) => {
  const page = await browser.newPage();
  const shown = Math.min(width, 360);
  await page.setViewport({ width: 8 * (shown + 16) + 16, height: 800 });
  await page.setContent(`<!doctype html><style>
    body { margin: 8px; display: flex; flex-wrap: wrap; font: 14px sans-serif; background: #888 }
    figure { margin: 8px } img { width: ${shown}px; display: block }
  </style>${shots.map(([title, data]) => `<figure><figcaption>${title}</figcaption><img src="data:image/png;base64,${data}"></figure>`).join("")}`);
  await page.screenshot({ path: join(folder, file), fullPage: true });
  await page.close();
};

for (const [engine, other] of pairs) {
  for (const { name, size, settings, lang = "en" } of views) {
    const file = `${engine}-${name}`;
    if (!file.includes(which)) continue;
    const { it, raise, clear, close } = theatre(shortWalk);
    const shots = [];
    const shoot = async (state, page) => {
      const data = await page.screenshot({ encoding: "base64" });
      shots.push([state, data]);
      await writeFile(join(folder, `${file}-${state.replaceAll(/\W+/g, "-")}.png`), Buffer.from(data, "base64"));
    };
    try {
      await learn(lang);
      await raise(size, {
        args: [`--lang=${lang}`, `--accept-lang=${lang}`, ...fakeMicrophone.args],
        prefs: { "intl.accept_languages": lang, ...fakeMicrophone.prefs },
      });
      const look = async (state, { page }) => {
        const undo = await wear(it.browsers[engine], page, settings);
        await shoot(state, page);
        await undo();
      };
      await walk(it, engine, other, look);
      const { anna, ben } = await it.pair([engine, other], undefined, words.newNumber);
      await anna.see(words.connected);
      await ben.press(words.hide);
      await speak(anna, ben, (state) => look(state, anna));
      for (const path of ["about", "security", "host"]) {
        const { page, url } = await it.visit("Anna", engine);
        await page.goto(url + path);
        await wear(it.browsers[engine], page, settings);
        await shoot(path, page);
      }
      await sheet(it.browsers[engine], `sheet-${file}.png`, shots, size);
      await clear();
      console.log(file, shots.length);
    } finally {
      await close();
    }
  }
}
console.log(folder);
