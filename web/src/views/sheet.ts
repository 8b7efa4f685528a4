// A sheet over a screen, with what is loaded when somebody asks for it.

import strings from "#strings";
import { button, el } from "../dom";
import { later, type Later } from "../later";
import type { Panel } from "./chat";

/** What is on a sheet. */
export interface Content {
  readonly nodes: readonly HTMLElement[];
  /** Brings it up to date. */
  readonly update?: () => void;
}

export const sheet = (close: () => void, load: (lazy: Later) => Content | Promise<Content>): Panel => {
  let update: Content["update"];
  const content = el("div", { class: "page" }, strings.opening);
  later()
    .then(load)
    .then(
      (loaded) => {
        content.replaceChildren(...loaded.nodes);
        update = loaded.update;
        update?.();
      },
      () => { content.replaceChildren(strings.failed); },
    );
  return {
    node: el("div", { class: "page" }, button(strings.close, close, { class: "end" }), content),
    update: () => update?.(),
  };
};
