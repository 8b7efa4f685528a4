// The help sheet: what /about and /security say, as text, without going there.

import strings from "#strings";
import { button, el } from "../dom";

/** Kinds of block are h1, h2, h3, p and li. */
type Block = readonly [kind: string, text: string];

interface Help {
  readonly about: readonly Block[];
  readonly security: readonly Block[];
  /** The document's SHA-256, shortened. */
  readonly hash: string;
}

export const helpPanel = (close: () => void): HTMLElement => {
  const text = el("div", { class: "page" }, strings.opening);
  void load().then(
    (all) => { text.replaceChildren(...all); },
    () => { text.replaceChildren(strings.failed); },
  );
  return el(
    "section",
    { class: "page help", "aria-label": strings.help },
    button(strings.close, close, { class: "end" }),
    text,
  );
};

const load = async (): Promise<HTMLElement[]> => {
  const { about, security, hash } = (await (await fetch(__HELP_URL__)).json()) as Help;
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
