// What lies behind ⋯.

import strings from "#strings";
import type { App } from "../app";
import { hex, random } from "../bytes";
import { idleChoices } from "../cover";
import { button, el, fill, show } from "../dom";
import { canChange } from "../session/slot";
import type { Panel } from "./chat";

/** How long the button that wipes must be held, in ms. style.css fills it in the same time. */
const holdFor = 2000;

/** `close` closes the menu, the others open something in its place. */
export const menuPanel = (app: App, close: () => void, share: () => void, help: () => void): Panel => {
  const { session, settings } = app;
  const edit = button(strings.edit, () => {
    session.tell({ type: "edit" });
    close();
  });
  const remove = button(strings.remove, () => {
    close();
    session.tell({ type: "delete", nonce: hex(random(16)) });
  });
  const invitation = button(strings.invitation, share);
  const idle = el(
    "select",
    { change: () => { settings.idle = Number(idle.value); } },
    ...idleChoices.map((minutes) => el("option", { value: minutes }, fill(strings.minutes, { minutes }))),
  );
  idle.value = String(settings.idle);
  const mark = el("input", { type: "checkbox", change: () => { settings.mark = mark.checked; } });
  mark.checked = settings.mark;
  return {
    node: el(
      "div",
      { class: "page menu" },
      edit,
      remove,
      invitation,
      el("label", { class: "row" }, strings.hideAfter, idle),
      el("label", { class: "row" }, strings.mark, mark),
      button(strings.help, help),
      button(strings.leave, app.forget),
      holdButton(strings.wipe, () => {
        close();
        session.tell({ type: "wipe" });
      }),
    ),
    update() {
      const state = session.state();
      show(edit, canChange(state) && !!state.slot?.text);
      show(remove, canChange(state));
      show(invitation, state.awaiting);
    },
  };
};

/** A button that must be held, by finger or by key: what it does can't be taken back. */
const holdButton = (text: string, run: () => void): HTMLButtonElement => {
  let timer = 0;
  const stop = (): void => {
    clearTimeout(timer);
    timer = 0;
    node.classList.remove("held");
  };
  const start = (): void => {
    if (timer) return;
    node.classList.add("held");
    timer = setTimeout(run, holdFor);
  };
  const node = el(
    "button",
    {
      type: "button",
      class: "hold",
      pointerdown: start,
      pointerup: stop,
      pointerleave: stop,
      blur: stop,
      keydown: ({ key }: KeyboardEvent) => {
        if (key === "Enter" || key === " ") start();
      },
      keyup: stop,
      // A long press would else bring up the phone's own menu.
      contextmenu: (event: Event) => { event.preventDefault(); },
    },
    text,
  );
  return node;
};
