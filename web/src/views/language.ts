// The other languages: loaded when asked for.

import strings from "#strings";
import type { App } from "../app";
import { button } from "../dom";

/** The words of a language, in the order of the table. */
type Words = readonly string[];

const keys = Object.keys(strings) as (keyof typeof strings)[];

/** Names of the languages in themselves. A browser knows them too, but takes 25 ms of a fast machine to tell. */
const names: Readonly<Record<string, string>> = { en: "English", sw: "Kiswahili" };

const loaded: Record<string, Words> = { [__LANG__]: Object.values(strings) };

export const languageButtons = (app: App): HTMLElement[] => {
  const root = document.documentElement;
  return [__LANG__, ...Object.keys(__STRINGS_URLS__)]
    .filter((lang) => lang !== root.lang)
    .map((lang) =>
      button(names[lang] ?? lang, () => void change(lang), { lang }),
    );

  async function change(lang: string): Promise<void> {
    const url = __STRINGS_URLS__[lang];
    try {
      const words = (loaded[lang] ??= (await (await fetch(url ?? "")).json()) as Words);
      keys.forEach((key, i) => { strings[key] = words[i] ?? ""; });
      root.lang = lang;
      root.dir = strings.dir;
      app.redraw();
    } catch {
      // Without network the language stays what it is.
    }
  }
};
