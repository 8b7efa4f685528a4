// What stands in the page's place while it is hidden.

import strings from "#strings";
import { announce, button, el } from "../dom";
import { triesAllowed } from "../cover";
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
  const goOn = (): void => {
    const secret = pin.pin();
    pin.input.value = "";
    if (secret) app.lift(secret);
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
      const { wrong } = app.cover();
      announce(status, wrong ? tries(triesAllowed - wrong) : "");
    },
  };
};
