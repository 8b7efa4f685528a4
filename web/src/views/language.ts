// The other languages: loaded when asked for.

import strings from "#strings";
import { button } from "../dom";
import { spoken } from "../later";
import type { Page } from "./page";

/** The words of a language: the document's in the order of their table, then those of the later part. */
type Words = readonly string[];

const keys = Object.keys(strings) as (keyof typeof strings)[];

/** Names of the languages in themselves. A browser knows them too, but takes 25 ms of a fast machine to tell. */
const names: Readonly<Record<string, string>> = { en: "English", sw: "Kiswahili" };

const loaded: Record<string, Words> = {};

export const languageButtons = (app: Page): HTMLElement[] => {
  const root = document.documentElement;
  return Object.keys(__STRINGS_URLS__)
    .filter((lang) => lang !== root.lang)
    .map((lang) =>
      button(names[lang] ?? lang, () => void change(lang), { lang }),
    );

  async function change(lang: string): Promise<void> {
    const url = __STRINGS_URLS__[lang] ?? "";
    try {
      const words = (loaded[lang] ??= (await (await fetch(url)).json()) as Words);
      keys.forEach((key, i) => { strings[key] = words[i] ?? ""; });
      spoken.later = words.slice(keys.length);
      root.lang = lang;
      root.dir = strings.dir;
      app.redraw();
    } catch {
      // Without network the language stays what it is.
    }
  }
};
