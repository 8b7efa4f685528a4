// The text of the help sheet: what /about and /security say.

import { el } from "../dom";
import type { Content, Panel } from "../views/page";
import { sheet } from "./sheet";

/** Kinds of block are h2, h3, p and li. */
export type Block = readonly [kind: "h2" | "h3" | "p" | "li", text: string];

interface Help {
  readonly about: readonly Block[];
  readonly security: readonly Block[];
}

/** What /about and /security say, as text, without going there: a visit would be in the history. */
export const helpSheet = (close: () => void): Panel => sheet(close, load());

/** Rejects without network. */
const load = async (): Promise<Content> => {
  const url = `./help-${document.documentElement.lang}.json`;
  const { about, security } = (await (await fetch(url)).json()) as Help;
  return { nodes: blocks([...about, ...security]) };
};

/** Items that follow each other are one list. */
const blocks = (from: readonly Block[]): HTMLElement[] => {
  let list: HTMLElement | null = null;
  return from.flatMap(([kind, text]) => {
    const before = list;
    if (kind !== "li") {
      list = null;
      return [el(kind, {}, text)];
    }
    list ??= el("ul");
    list.append(el("li", {}, text));
    return before ? [] : [list];
  });
};
