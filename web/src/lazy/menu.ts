// What lies behind ⋯.

import { hex, random } from "../bytes";
import { idleChoices } from "../session/cover";
import { button, el, setText, show } from "../dom";
import type { Settings } from "../session/form";
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
  const set = (changed: Partial<Settings>): void => { session.tell({ type: "settings", settings: changed }); };
  const idle = choice(idleChoices, (minutes) => { set({ idle: minutes }); });
  idle.value = String(settings.idle);
  const kept = choice(keepChoices, (count) => { session.tell({ type: "keep", count }); });
  const strict = box((on) => { session.tell({ type: "strict", on }); });
  const strictRow = row(strings.openOnly, strict);
  const check = el("p", { class: "big", dir: "ltr" });
  const compare = button(strings.compare, () => {
    void session.compare().then((found) => {
      setText(check, found.replace(/.{4}(?=.)/g, "$& ") || strings.nothingToCompare);
      show(check, true);
    });
  });
  const mark = box((on) => { set({ mark: on }); });
  mark.checked = settings.mark;
  const sound = box((on) => {
    set({ sound: on });
    // That is how it sounds; and a browser lets be heard what a finger asked for.
    if (on) ring();
  });
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
      row(strings.hideAfter, idle),
      row(strings.keep, kept),
      row(strings.mark, mark),
      row(strings.sound, sound),
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

const row = (text: string, control: HTMLElement): HTMLElement => el("label", { class: "row" }, text, control);

const choice = (from: readonly number[], chosen: (value: number) => void): HTMLSelectElement => {
  const node = el(
    "select",
    { change: () => { chosen(Number(node.value)); } },
    ...from.map((value) => el("option", { value }, String(value))),
  );
  return node;
};

const box = (changed: (on: boolean) => void): HTMLInputElement => {
  const node = el("input", { type: "checkbox", change: () => { changed(node.checked); } });
  return node;
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
    // Esc or the curtain may have taken it away from under the finger.
    timer = setTimeout(() => { if (node.isConnected) run(); }, holdFor);
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
