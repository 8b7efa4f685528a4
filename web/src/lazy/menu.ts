// What lies behind ⋯.

import { hex, random } from "../bytes";
import { idleChoices } from "../session/cover";
import { button, el, setText, show } from "../dom";
import { keepChoices } from "../session/past";
import { canChange, canEdit } from "../session/slot";
import type { Page, Panel } from "../views/page";
import { ring } from "./sound";
import strings from "./words";

/** How long the button that wipes must be held, in ms. style.css fills it in the same time. */
const holdFor = 2000;

/** `close` closes the menu, the others open something in its place. */
export const menuPanel = (app: Page, close: () => void, share: () => void, help: () => void): Panel => {
  const { session } = app;
  const { settings } = session.state();
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
    { change: () => { session.tell({ type: "settings", settings: { idle: Number(idle.value) } }); } },
    ...idleChoices.map((minutes) => el("option", { value: minutes }, String(minutes))),
  );
  idle.value = String(settings.idle);
  const kept = el(
    "select",
    { change: () => { session.tell({ type: "keep", count: Number(kept.value) }); } },
    ...keepChoices.map((count) => el("option", { value: count }, String(count))),
  );
  const strict = el("input", { type: "checkbox", change: () => { session.tell({ type: "strict", on: strict.checked }); } });
  const strictRow = el("label", { class: "row" }, strings.openOnly, strict);
  const check = el("p", { class: "big", dir: "ltr" });
  const compare = button(strings.compare, () => {
    void session.compare().then((found) => {
      setText(check, found.replace(/.{4}(?=.)/g, "$& ") || strings.nothingToCompare);
      show(check, true);
    });
  });
  const mark = el("input", { type: "checkbox", change: () => { session.tell({ type: "settings", settings: { mark: mark.checked } }); } });
  mark.checked = settings.mark;
  const sound = el("input", { type: "checkbox", change: () => {
    session.tell({ type: "settings", settings: { sound: sound.checked } });
    // That is how it sounds; and a browser lets be heard what a finger asked for.
    if (sound.checked) ring();
  } });
  sound.checked = settings.sound;
  return {
    node: el(
      "div",
      { class: "page menu" },
      edit,
      remove,
      invitation,
      compare,
      check,
      strictRow,
      el("label", { class: "row" }, strings.hideAfter, idle),
      el("label", { class: "row" }, strings.keep, kept),
      el("label", { class: "row" }, strings.mark, mark),
      el("label", { class: "row" }, strings.sound, sound),
      button(strings.help, help),
      button(strings.forget, app.forget),
      holdButton(strings.wipe, () => {
        close();
        session.tell({ type: "wipe" });
      }),
    ),
    update() {
      const state = session.state();
      const can = canChange(state);
      show(edit, canEdit(state));
      show(remove, can && !state.slot?.empty);
      show(compare, !!state.blind);
      show(check, !!check.textContent);
      show(strictRow, !!state.blind);
      strict.checked = state.strict;
      kept.value = String(state.keep);
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
