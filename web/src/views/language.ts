// The other languages: loaded when asked for.

import strings from "#strings";
import { el } from "../dom";
import { loaded, spoken } from "../later";
import type { Page } from "./page";

/** The words of a language: the document's in the order of their table, then those of the later part. */
type Words = readonly string[];

const keys = Object.keys(strings) as (keyof typeof strings)[];

/** Names of the languages in themselves. A browser knows them too, but takes 25 ms of a fast machine to tell. */
const names: Readonly<Record<string, string>> = {
  en: "English", sw: "Kiswahili", fr: "Français", es: "Español", pt: "Português", ar: "العربية", hi: "हिन्दी",
};

const tables: Record<string, Words> = {};

export const languageChoice = (app: Page): HTMLElement => {
  const root = document.documentElement;
  const choice = el(
    "select",
    { "aria-label": strings.language, change: () => void change(choice.value) },
    ...Object.keys(__STRINGS_URLS__).map((lang) => el("option", { value: lang, lang }, names[lang] ?? lang)),
  );
  choice.value = root.lang;
  return choice;

  async function change(lang: string): Promise<void> {
    const url = __STRINGS_URLS__[lang] ?? "";
    try {
      const words = (tables[lang] ??= (await (await fetch(url)).json()) as Words);
      keys.forEach((key, i) => { strings[key] = words[i] ?? ""; });
      spoken.later = words.slice(keys.length);
      loaded?.speak(strings, spoken.later);
      root.lang = lang;
      root.dir = strings.dir;
      app.redraw();
    } catch {
      // Without network the language stays what it is.
      choice.value = root.lang;
    }
  }
};
