// The text of the help sheet: what /about and /security say.

import { el } from "../dom";

/** Kinds of block are h1, h2, h3, p and li. */
export type Block = readonly [kind: string, text: string];

interface Help {
  readonly about: readonly Block[];
  readonly security: readonly Block[];
  /** The document's SHA-256, shortened. */
  readonly hash: string;
}

/** Loads the text. Rejects without network. `url` is that of the sheet's language. */
export const helpText = async (url: string): Promise<HTMLElement[]> => {
  const { about, security, hash } = (await (await fetch(url)).json()) as Help;
  return blocks([...about, ...security, ["p", hash]]);
};

/** Headings go down one level, as the page has its own; items that follow each other are one list. */
const blocks = (from: readonly Block[]): HTMLElement[] => {
  let list: HTMLElement | null = null;
  return from.flatMap(([kind, text]) => {
    const before = list;
    if (kind !== "li") {
      list = null;
      return [el(kind.replace(/\d/, (level) => String(Number(level) + 1)) as "p", {}, text)];
    }
    list ??= el("ul");
    list.append(el("li", {}, text));
    return before ? [] : [list];
  });
};
