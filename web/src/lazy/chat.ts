// The conversation: one message, one composer, one line for what is the matter.

import { hex, random, utf8 } from "../bytes";
import { announce, atDesk, button, el, field, fill, onEnter, setText, show } from "../dom";
import { timeLeft } from "../session/room";
import { warnings } from "../session/session";
import { canWrite, isQueued } from "../session/slot";
import { canSpeak, isVoice } from "../session/voice";
import { loader } from "../load";
import { leaves, mustWait } from "../session/lock";
import type { Notice, Slot, State } from "../session/state";
import { gateOf, newRef } from "../std1";
import type { Page, Panel, Screen } from "../views/page";
import { clock, isCalm, noticeText } from "../words";
import { helpSheet } from "./help";
import { day, lockText } from "./lock";
import { menuPanel } from "./menu";
import { share as shareContent } from "./share";
import { sheet } from "./sheet";
import { icon } from "./svg";
import strings from "./words";

type Speech = typeof import("./voice");

// What records and plays voice notes, once there was reason to load it.
const loadSpeech = loader<Speech>(__VOICE_URL__);
let speech: Speech | undefined;
let loading = false;

/** Where it failed it may be tried again, in ms. */
const loadAgain = 5000;

export const chatScreen = (app: Page): Screen => {
  const { session } = app;
  const maxBytes = session.engine()?.maxBytes ?? 0;

  const dot = el("span", { class: "dot" });
  const peer = el("span");
  const more = button("⋯", () => {
    if (panel === menu) back();
    else open((menu = menuPanel(app, back, () => { open(share()); }, () => { open(helpSheet(back)); })));
  }, { "aria-label": strings.menu });

  // By the messages' ids: the last is the one in the slot.
  const bubbles = new Map<string, HTMLElement>();
  const log = el("div", { class: "log", role: "log" });
  const meta = el("p", { class: "meta" });
  const typing = el("p", { class: "meta" }, strings.typing);
  const notes = el("p", { class: "meta", role: "status" });
  const letWait = button(strings.letWait, () => { session.tell({ type: "let wait" }); });
  const talk: Panel = { node: el("div", { class: "talk" }, log, meta, letWait, notes, typing) };
  // What lies over the talk is made when it is opened, and gone when it is closed.
  let menu: Panel | undefined;
  let shareSheet: Panel | undefined;
  const share = (): Panel => (shareSheet ??= sheet(back, shareContent(app)));
  // Long messages are scrolled by keyboard, too. The talk stays in it behind
  // whatever is open, so that what comes in is announced, and nothing twice.
  const middle = el("div", { class: "middle", tabindex: 0 }, talk.node);
  let panel = talk;
  const isAtEnd = (): boolean => middle.scrollHeight - middle.scrollTop - middle.clientHeight < 50;
  let readTo = 0;
  // What stands below the message is in view when its end is.
  let ended = false;
  new IntersectionObserver((entries) => {
    ended = entries.at(-1)?.isIntersecting ?? false;
    app.changed();
  }, { root: middle }).observe(meta);

  const status = el("span", { role: "status" });
  const code = field("code", { "aria-label": strings.ref, placeholder: strings.ref });
  const again = button("", () => {
    if (session.state().phase === "in") session.tell({ type: "retry" });
    else {
      void startAgain();
    }
  });

  /** Where the relay lost the room: behind what both know, or a code that one has to be told. */
  const startAgain = async (): Promise<void> => {
    const { blind, gate } = session.state();
    const typed = code.value;
    code.value = "";
    const known = !typed && (blind ?? gate);
    const ref = known ? "" : typed || newRef();
    session.tell({ type: "again", code: ref, gate: known ? null : await gateOf(ref) });
    if (!known && !typed) open(share());
  };

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
  const place = el("div");
  const mic = button("", () => void load(true), { "aria-label": strings.voiceNote });
  mic.append(icon("M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4"));
  const cancel = button(strings.cancel, () => { session.tell({ type: "cancel" }); });
  const here = el("p", { class: "meta" }, strings.here);
  const write = el("div", { class: "row" }, text, cancel, mic, submit);
  const waiting = el("p", { class: "waiting" }, strings.waiting);

  /** Loads it, and draws what waits for it, or begins to record. */
  async function load(begin: boolean): Promise<void> {
    loading = true;
    try {
      speech = await loadSpeech();
      if (begin) speech.desk(app, strings).begin();
      app.changed();
    } catch {
      if (begin) announce(status, strings.failed, true);
      setTimeout(() => { loading = false; }, loadAgain);
    }
  }

  function open(next: Panel): void {
    panel = next;
    if (panel !== menu) menu = undefined;
    if (panel !== shareSheet) shareSheet = undefined;
    app.changed();
  }

  function back(): void {
    open(talk);
  }

  function updateTalk(): void {
    const state = session.state();
    const { slot, past, wiping, typingUntil } = state;
    show(typing, !!typingUntil);
    show(letWait, state.strict && !state.peer && !!slot?.mine && !slot.read && slot.lock === "sealed" && !state.job);
    setText(notes, state.notes.map(({ say, at }) => fill(strings[say], { time: clock(at) })).join(" "));
    const current = wiping || slot?.text === undefined ? null : slot;
    const said = wiping ? [] : [...past, ...(current ? [{ ...current, text: current.empty ? strings.deleted : (current.text ?? lockText(state)) }] : [])];
    for (const [id, node] of bubbles) {
      if (said.some((one) => one.id === id)) continue;
      node.remove();
      bubbles.delete(id);
    }
    let newest: HTMLElement | undefined;
    const atEnd = isAtEnd();
    for (const { id, mine, text: words } of said) {
      const node = bubbles.get(id) ?? el("p", { class: mine ? "bubble mine" : "bubble", dir: "auto" });
      const sound = isVoice(words) && speech?.player(words);
      if (!sound) setText(node, isVoice(words) ? strings.voiceNote : words);
      else if (node.lastChild !== sound) node.replaceChildren(strings.voiceNote, sound);
      if (bubbles.has(id)) continue;
      // Into the log comes what is to be read out, once.
      bubbles.set(id, node);
      log.append(node);
      newest = node;
    }
    const where = current && whereText(current);
    setText(meta, current ? clock(current.at) + (where ? " · " + where : "") : slot && !wiping ? strings.opening : "");
    meta.classList.toggle("mine", !!current?.mine);
    // Who reads what was said before goes on reading; else the newest is in view,
    // from its beginning, and to what stands below it if there is room.
    if ((atEnd || current?.mine) && past.length && newest) {
      middle.scrollTop += newest.getBoundingClientRect().top - middle.getBoundingClientRect().top;
    }
  }

  /** Where a message is, and who can open it. */
  const whereText = ({ mine, read, gone, stranger, lock, sent, at }: Slot): string => {
    if (gone) return strings.onlyHere;
    if (stranger) return strings.stranger;
    if (lock === "elsewhere") return strings.elsewhere;
    if (mine) return read ? strings.read : lock === "left" ? strings.waitsLeft : lock === "sealed" ? strings.onlyTheirPage : strings.onRelay;
    // A relay can show a left message once more: the writer's own clock tells.
    const old = sent && Math.abs(sent - at) > 600_000 ? " · " + fill(strings.written, { time: day(sent) }) : "";
    return (lock === "left" ? strings.wasLeft : "") + old;
  };

  function updateComposer(s: State): void {
    const open = canWrite(s);
    if (!loading && [s.voice, s.slot?.text].some(isVoice)) void load(false);
    const desk = speech?.desk(app, strings);
    const speaking = !!desk?.busy();
    if (desk && place.firstChild !== desk.node) place.replaceChildren(desk.node);
    show(place, open && !s.wiping && speaking);
    show(write, open && !s.wiping && !speaking);
    show(mic, canSpeak(s) && !s.draft);
    desk?.update();
    show(waiting, !open && !s.wiping);
    const busy = !!s.job && !s.job.quiet;
    show(here, busy);
    const queued = isQueued(s);
    show(cancel, queued || (!!s.editing && !busy));
    if (text.value !== s.draft) text.value = s.draft;
    text.readOnly = busy && !queued;
    setText(submit, s.editing ? strings.save : leaves(s) ? strings.leaveIt : strings.send);
    submit.disabled = busy || s.phase === "gone" || !s.draft.trim() || room(s.draft) < 0 || mustWait(s);
  }

  /** Bytes left in the composer. Counted only when they may matter. */
  const room = (draft: string): number =>
    maxBytes - (draft.length * 3 < maxBytes * 0.8 ? 0 : utf8(draft).length);

  /** `notice`: what is said before anything else, if there is something. */
  const statusText = (s: State, notice: Notice | null): string => {
    const { draft } = s;
    if (s.wiping) return strings.wiping;
    if (notice) return noticeText(notice, strings);
    if (s.link !== "joined") return s.offline ? strings.noNetwork : strings.reconnecting;
    const left = room(draft);
    if (left < 0) return fill(strings.tooLong, { bytes: -left });
    if (s.blind && !s.greeted) return strings.reconnecting;
    if (s.restartsAt) return fill(strings.restartsAt, { time: clock(s.restartsAt) });
    const made = draft || s.voice;
    if (made && mustWait(s)) return strings.waitsHere;
    if (made && canWrite(s) && leaves(s)) return strings.willWait;
    if (left <= maxBytes * 0.2) return fill(strings.bytesLeft, { bytes: left });
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
    if (panel === shareSheet && !s.awaiting) {
      panel = talk;
      shareSheet = undefined;
    }
    if (middle.lastChild !== panel.node) {
      if (middle.lastChild === talk.node) readTo = isAtEnd() ? middle.scrollHeight : middle.scrollTop;
      else middle.lastChild?.remove();
      if (panel !== talk) middle.append(panel.node);
      // What opens is read from its beginning, and the talk from where one was.
      middle.scrollTop = panel === talk ? readTo : 0;
    }
    updateTalk();
    panel.update?.();
    more.setAttribute("aria-expanded", String(panel === menu));
    dot.classList.toggle("on", !!s.peer);
    setText(peer, peerText(s));
    updateComposer(s);
    const waiting = s.phase === "in" && s.link !== "joined" && (!down || !!s.dialAt);
    const notice = waiting || s.wiping ? null : s.notice;
    announce(status, statusText(s, notice), notice ? !isCalm(notice) : s.link === "joined" && room(s.draft) < 0);
    show(again, down);
    setText(again, s.phase === "in" ? strings.tryNow : strings.startAgain);
    show(code, down && s.notice?.say === "otherRef");
    keepFocus(s);
  };

  const { awaiting, slot, draft, met } = session.state();
  if (awaiting && !slot && !draft && !met) panel = share();

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
    el("div", { class: "composer" }, el("div", { class: "row start" }, status, code, again), here, place, write, waiting),
  );

  return { node, update, log: () => panel === talk && ended, back };
};
