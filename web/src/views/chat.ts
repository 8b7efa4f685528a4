// The conversation: one message, one composer, one line for what is the matter.

import strings from "#strings";
import type { App, Screen } from "../app";
import { hex, random, utf8 } from "../bytes";
import { announce, atDesk, button, el, field, fill, onEnter, setText, show } from "../dom";
import { timeLeft, warnings } from "../session/session";
import { canWrite } from "../session/slot";
import type { State } from "../session/state";
import { kit } from "../later";
import { canonicalRef } from "../ref";
import { clock, noticeText } from "../words";
import { helpSheet } from "./help";
import { menuPanel } from "./menu";
import { sheet } from "./sheet";

/** What can be shown in the place of the message. */
export interface Panel {
  readonly node: HTMLElement;
  readonly update?: () => void;
}

export const chatScreen = (app: App): Screen => {
  const { session, engine } = app;

  const dot = el("span", { class: "dot" });
  const peer = el("span");
  const more = button("⋯", () => { open(panel === menu ? talk : menu); }, { "aria-label": strings.menu });

  const bubble = el("p", { class: "bubble", dir: "auto" });
  const log = el("div", { class: "log", role: "log" });
  const meta = el("p", { class: "meta" });
  const typing = el("p", { class: "meta" }, strings.typing);
  const talk: Panel = { node: el("div", { class: "talk" }, log, meta, typing) };
  let shareSheet: Panel | undefined;
  const share = (): Panel => (shareSheet ??= sheet(back, (lazy) => lazy.share(kit, app)));
  const menu = menuPanel(app, back, () => { open(share()); }, () => { open(helpSheet(back)); });
  // Long messages are scrolled by keyboard, too. The talk stays in it behind
  // whatever is open, so that what comes in is announced, and nothing twice.
  const middle = el("div", { class: "middle", tabindex: 0 }, talk.node);
  let panel = talk;
  let shown = "";

  const status = el("span", { role: "status" });
  const code = field("code", { "aria-label": strings.ref, placeholder: strings.ref });
  const again = button("", () => {
    if (session.state().phase === "in") session.tell({ type: "retry" });
    else {
      const known = canonicalRef(code.value) || session.state().code;
      void session.useCode("again", known || engine.newRef());
      code.value = "";
      if (!known) open(share());
    }
  });

  const text = el("textarea", {
    dir: "auto",
    rows: 1,
    "aria-label": strings.message,
    placeholder: strings.message,
    input: () => { session.tell({ type: "draft", text: text.value }); },
  });
  const send = (): void => {
    if (!submit.disabled) session.tell({ type: "send", nonce: hex(random(16)) });
  };
  // On a phone Enter begins a new line.
  if (atDesk()) text.addEventListener("keydown", onEnter(send));
  const submit = button(strings.send, send, { class: "primary" });
  const cancel = button(strings.cancel, () => { session.tell({ type: "cancel" }); });
  const here = el("p", { class: "meta" }, strings.here);
  const write = el("div", { class: "row" }, text, cancel, submit);
  const waiting = el("p", { class: "waiting" }, strings.waiting);

  function open(next: Panel): void {
    panel = next;
    app.changed();
  }

  function back(): void {
    open(talk);
  }

  function updateTalk(): void {
    const { slot, wiping, typingUntil } = session.state();
    show(typing, !!typingUntil);
    if (!slot || wiping || slot.text === undefined) {
      bubble.remove();
      setText(meta, slot && !wiping ? strings.opening : "");
      return;
    }
    const { id, mine, read, gone, at, stranger } = slot;
    // Into the log comes what is to be read out, once.
    if (id !== shown) bubble.remove();
    shown = id;
    setText(bubble, slot.text ?? strings.cantOpen);
    if (!bubble.parentNode) log.append(bubble);
    const own = mine && (read ? strings.read : strings.onRelay);
    const where = gone ? strings.onlyHere : stranger ? strings.stranger : own;
    setText(meta, clock(at) + (where ? " · " + where : ""));
    bubble.classList.toggle("mine", mine);
    meta.classList.toggle("mine", mine);
  }

  function updateComposer(s: State): void {
    const open = canWrite(s);
    show(write, open && !s.wiping);
    show(waiting, !open && !s.wiping);
    show(here, !!s.job);
    show(cancel, !!s.editing && !s.job);
    if (text.value !== s.draft) text.value = s.draft;
    text.readOnly = !!s.job;
    setText(submit, s.editing ? strings.save : strings.send);
    submit.disabled = !!s.job || s.phase === "gone" || !s.draft.trim() || room(s.draft) < 0;
  }

  /** Bytes left in the composer. Counted only when they may matter. */
  const room = (draft: string): number =>
    engine.maxBytes - (draft.length * 3 < engine.maxBytes * 0.8 ? 0 : utf8(draft).length);

  const statusText = (s: State): string => {
    const { notice, draft } = s;
    if (s.wiping) return strings.wiping;
    const waiting = s.phase === "in" && s.link !== "joined" && (s.link !== "down" || s.dialAt);
    if (notice && !waiting) return noticeText(notice);
    if (s.link !== "joined") return s.offline ? strings.noNetwork : strings.reconnecting;
    const left = room(draft);
    if (left < 0) return fill(strings.tooLong, { bytes: -left });
    if (left <= engine.maxBytes * 0.2) return fill(strings.bytesLeft, { bytes: left });
    const ends = s.awaiting ? Infinity : timeLeft(s);
    return ends <= warnings[1] ? strings.twelveHours : ends <= warnings[0] ? strings.twoDays : "";
  };

  const peerText = (s: State): string => {
    if (s.link !== "joined") return "";
    if (s.awaiting) return strings.notCome;
    return s.peer ? strings.connected : s.peer === null ? "" : strings.notConnected;
  };

  /** What had the focus may be gone, hidden or disabled: it goes on where one writes or reads. */
  const keepFocus = ({ editing }: State): void => {
    if (!document.activeElement?.matches("body, [hidden], [hidden] *, :disabled")) return;
    (panel === talk && (atDesk() || editing) && !write.hidden ? text : middle).focus();
  };

  const update = (): void => {
    const s = session.state();
    const down = s.link === "down";
    if (panel === shareSheet && !s.awaiting) panel = talk;
    if (middle.lastChild !== panel.node) {
      if (middle.lastChild !== talk.node) middle.lastChild?.remove();
      if (panel !== talk) middle.append(panel.node);
    }
    updateTalk();
    panel.update?.();
    more.setAttribute("aria-expanded", String(panel === menu));
    dot.classList.toggle("on", !!s.peer);
    setText(peer, peerText(s));
    updateComposer(s);
    announce(status, statusText(s));
    show(again, down);
    setText(again, s.phase === "in" ? strings.tryNow : strings.startAgain);
    show(code, down && s.notice?.say === "otherRef");
    keepFocus(s);
  };

  const { awaiting, slot, draft } = session.state();
  if (awaiting && !slot && !draft) panel = share();

  const node = el(
    "main",
    { class: "chat" },
    el(
      "header",
      { class: "row" },
      el("h1", { class: "name" }, strings.title),
      el("p", { class: "hint peer" }, dot, peer),
      button(strings.hide, app.hide),
      more,
    ),
    middle,
    el("div", { class: "composer" }, el("div", { class: "row start" }, status, code, again), here, write, waiting),
  );

  return { node, update, log: () => panel === talk, back };
};
