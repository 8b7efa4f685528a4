// The help sheet: what /about and /security say, as text, without going there.

import strings from "#strings";
import { button, el } from "../dom";
import { later } from "../later";

export const helpPanel = (close: () => void): HTMLElement => {
  const url = __HELP_URL__.replace("-" + __LANG__, "-" + document.documentElement.lang);
  const text = el("div", { class: "page" }, strings.opening);
  later()
    .then(({ helpText }) => helpText(url))
    .then(
      (all) => { text.replaceChildren(...all); },
      () => { text.replaceChildren(strings.failed); },
    );
  return el(
    "div",
    { class: "page help" },
    button(strings.close, close, { class: "end" }),
    text,
  );
};
