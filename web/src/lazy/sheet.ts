// A sheet over a screen.

import { button, el } from "../dom";
import type { Content, Panel } from "../views/page";
import strings from "./words";

/** What may still be on its way is shown when it is there. */
export const sheet = (close: () => void, content: Content | Promise<Content>): Panel => {
  let update: Content["update"];
  const box = el("div", { class: "page" }, strings.opening);
  const put = (loaded: Content): void => {
    box.replaceChildren(...loaded.nodes);
    update = loaded.update;
    update?.();
  };
  if (content instanceof Promise) content.then(put, () => { box.replaceChildren(strings.failed); });
  else put(content);
  return {
    node: el("div", { class: "page" }, el("p", { class: "bar" }, button(strings.close, close)), box),
    update: () => update?.(),
  };
};
