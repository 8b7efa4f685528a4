// Help: one screen with three drawings, and behind it what /about and /security say.

import { button, el } from "../dom";
import type { Content, Panel } from "../views/page";
import { sheet } from "./sheet";
import { svg } from "./svg";
import strings from "./words";

/** Kinds of block are h2, h3, p and li. */
export type Block = readonly [kind: "h2" | "h3" | "p" | "li", text: string];

interface Help {
  readonly about: readonly Block[];
  readonly security: readonly Block[];
}

/** Paths in a box of 120×48: two phones, and what is between them. */
const phones = [4, 96].map((x) => `M${x + 3} 4h14a3 3 0 0 1 3 3v34a3 3 0 0 1-3 3h-14a3 3 0 0 1-3-3v-34a3 3 0 0 1 3-3z`).join("");
const locks = [9, 101].map((x) => `M${x} 22h10v9h-10zM${x + 2} 22v-4a3 3 0 0 1 6 0v4`).join("");
const drawings = [
  // A card goes over.
  "M42 12h32v20h-32zM48 19h12M48 25h20M30 38h58m-5-5 5 5-5 5",
  // Each has a lock, and they are not the same.
  locks + "M50 20h20M50 28h20M66 12l-12 24",
  // One message.
  "M42 8h36a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4h-22l-8 8v-8h-6a4 4 0 0 1-4-4v-16a4 4 0 0 1 4-4zM46 16h28M46 23h18",
];

const drawing = (path: string): Element => {
  const node = svg("svg", { viewBox: "0 0 120 48", "aria-hidden": "true" });
  node.append(svg("path", { d: phones + path }));
  return node;
};

export const helpSheet = (close: () => void): Panel => {
  const status = el("p", { role: "status" });
  const all = button(strings.readAll, () => {
    load().then(
      (nodes) => { box.replaceChildren(...nodes); },
      () => { status.textContent = strings.failed; },
    );
  });
  const captions = [strings.helpInvite, strings.helpPins, strings.helpTurns];
  const box = el(
    "div",
    { class: "page" },
    el("h2", {}, strings.howItWorks),
    ...drawings.flatMap((path, i) => [drawing(path), el("p", {}, captions[i] ?? "")]),
    el("p", {}, strings.helpHide),
    el("p", {}, strings.helpSound),
    status,
    all,
  );
  const content: Content = { nodes: [box] };
  return sheet(close, content);
};

/** What /about and /security say, as text, without going there: a visit would be in the history. Rejects without network. */
const load = async (): Promise<HTMLElement[]> => {
  const { about, security } = (await (await fetch(`./help-${document.documentElement.lang}.json`)).json()) as Help;
  return [el("div", { class: "page", lang: strings.textLang, dir: "ltr" }, ...blocks([...about, ...security]))];
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
