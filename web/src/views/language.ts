// The other languages: loaded when asked for.

import strings from "#strings";
import type { App } from "../app";
import { button } from "../dom";

type Table = Partial<typeof strings>;

/** Names of the languages in themselves. A browser knows them too, but takes 25 ms of a fast machine to tell. */
const names: Readonly<Record<string, string>> = { en: "English", sw: "Kiswahili" };

const loaded: Record<string, Table> = { [__LANG__]: { ...strings } };

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
      const table = (loaded[lang] ??= (await (await fetch(url ?? "")).json()) as Table);
      Object.assign(strings, table);
      root.lang = lang;
      root.dir = strings.dir;
      app.redraw();
    } catch {
      // Without network the language stays what it is.
    }
  }
};
