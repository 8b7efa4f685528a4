// The text of the help sheet: what /about and /security say.

import type { Kit } from "../later";
import type { Content } from "../views/sheet";

/** Kinds of block are h2, h3, p and li. */
export type Block = readonly [kind: "h2" | "h3" | "p" | "li", text: string];

interface Help {
  readonly about: readonly Block[];
  readonly security: readonly Block[];
}

/** Loads the text. Rejects without network. `url` is that of the sheet's language. */
export const help = async (kit: Kit, url: string): Promise<Content> => {
  const { about, security } = (await (await fetch(url)).json()) as Help;
  return { nodes: blocks(kit, [...about, ...security]) };
};

/** Items that follow each other are one list. */
const blocks = ({ el }: Kit, from: readonly Block[]): HTMLElement[] => {
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
