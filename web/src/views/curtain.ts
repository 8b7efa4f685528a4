// What stands in the page's place while it is hidden.

import strings from "#strings";
import { announce, button, el } from "../dom";
import { isTry, triesAllowed } from "../session/cover";
import { tries } from "../words";
import type { Page, Screen } from "./page";
import { pinField } from "./pin";

const name = (): HTMLElement => el("h1", { class: "name" }, strings.title);

/** Another window has the focus; coming back lifts it. */
export const veilScreen = (): Screen => ({
  node: el("main", { class: "veil" }, name()),
  update() {
    // Nothing on it changes.
  },
});

/** Only the PIN lifts it. */
export const curtainScreen = (app: Page): Screen => {
  const pin = pinField(() => { goOn(); });
  const status = el("p", { role: "status" });
  // What was no try, until the next one.
  let said = "";
  const goOn = (): void => {
    const entered = pin.pin();
    const counts = isTry(entered, app.session.isRuled());
    if (counts && !app.lift(entered)) return;
    said = counts ? "" : entered ? strings.pinRule : strings.pinMissing;
    announce(status, said, !!said);
    pin.input.value = "";
    pin.input.focus();
  };
  return {
    node: el(
      "main",
      { class: "curtain" },
      el(
        "div",
        { class: "page" },
        name(),
        pin.node,
        status,
        button(strings.goOn, goOn, { class: "primary" }),
        button(strings.forget, app.forget),
      ),
    ),
    update() {
      const { wrong } = app.session.state().cover;
      const text = said || !wrong ? said : tries(triesAllowed - wrong);
      announce(status, text, !!text);
    },
  };
};
