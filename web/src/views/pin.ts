// The PIN field: masked without being a password field, as browsers offer to
// save those whatever they are told.

import strings from "#strings";
import { button, el, field, onEnter } from "../dom";
import { foldDigits } from "../phone";

export interface PinField {
  readonly node: HTMLElement;
  readonly input: HTMLInputElement;
  /** What was entered, as 0–9 whatever the keyboard's digits are. */
  pin(): string;
}

const canMask = CSS.supports("-webkit-text-security", "disc");

export const pinField = (enter: () => void): PinField => {
  const input = field("pin", {
    class: "masked",
    type: canMask ? "text" : "password",
    inputmode: "numeric",
    // Managers that do not heed autocomplete have words of their own.
    "data-1p-ignore": true,
    "data-bwignore": true,
    "data-lpignore": "true",
    "data-form-type": "other",
    keydown: onEnter(enter),
  });
  const toggle = (): void => {
    const masked = input.classList.toggle("masked");
    if (!canMask) input.type = masked ? "password" : "text";
    peek.setAttribute("aria-pressed", String(!masked));
  };
  const peek = button("", toggle, { class: "peek", "aria-label": strings.peek, "aria-pressed": "false" });
  return {
    node: el("div", { class: "field" }, el("label", { for: "pin" }, strings.pin), input, peek),
    input,
    pin: () => foldDigits(input.value).trim(),
  };
};
