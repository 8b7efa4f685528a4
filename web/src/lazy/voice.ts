// Voice notes: what plays them, and where they are made. It is loaded with the
// first one. Its name on the wire tells nothing, as that of more.ts.

import { button, el, setText, show } from "../dom";
import { isInside } from "../session/first";
import { isAway } from "../session/step";
import { isVoice } from "../session/voice";
import type { State, Voice } from "../session/state";
import { leaves, mustWait } from "../session/lock";
import type { Page } from "../views/page";
import { hex, random } from "../bytes";
import ar from "../strings/voice.ar.json";
import en from "../strings/voice.en.json";
import es from "../strings/voice.es.json";
import fr from "../strings/voice.fr.json";
import hi from "../strings/voice.hi.json";
import pt from "../strings/voice.pt.json";
import sw from "../strings/voice.sw.json";
import { longest, record, soundOf, type Recording, type Sound } from "./audio";
import { wear } from "./style";
import { icon } from "./svg";

wear(__VOICE_STYLE__);

const tables: Readonly<Record<string, typeof en>> = { ar, en, es, fr, hi, pt, sw };
const wordsNow = (): typeof en => tables[document.documentElement.lang] ?? en;

/** The words of the page that it needs, too. */
export type Lent = Readonly<Record<"send" | "leaveIt" | "cancel" | "close", string>>;

/** How often what moves is drawn, in ms. */
const beat = 100;

/** After so many ms a line is called slow. */
const slow = 10_000;

const playSign = "M8 5v14l11-7z";
const pauseSign = "M9 5v14M16 5v14";

/** m:ss of so many ms. */
const time = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

/** Silences the note that is played: there is one at a time. */
let silence: (() => void) | undefined;

const players = new WeakMap<Voice, HTMLElement>();

/** What plays a note, the same whenever it is asked for. */
export const player = (voice: Voice): HTMLElement => {
  const made = players.get(voice) ?? makePlayer(voice);
  players.set(voice, made);
  return made;
};

/** The sound is in memory while it is played and on the page. */
const makePlayer = (voice: Voice): HTMLElement => {
  const strings = wordsNow();
  // Whoever wrote it says how long it is: it may be anything.
  let length = Math.min(voice.ms, 10 * longest) / 1000;
  let sound: Sound | undefined;
  let opening = false;
  let drawing = 0;
  const speed = (): number => (faster.getAttribute("aria-pressed") === "true" ? 1.5 : 1);

  const draw = (): void => {
    if (!node.isConnected) forget();
    const on = !!sound?.playing();
    const label = strings[on ? "pause" : "play"];
    if (play.getAttribute("aria-label") !== label) {
      play.setAttribute("aria-label", label);
      play.replaceChildren(icon(on ? pauseSign : playSign));
    }
    if (sound) seek.value = String(sound.at());
    const at = Number(seek.value);
    seek.setAttribute("aria-valuetext", time(at * 1000));
    setText(clock, time((on || at ? at : length) * 1000));
  };

  const forget = (): void => {
    clearInterval(drawing);
    sound?.forget();
    sound = undefined;
  };

  const start = async (): Promise<void> => {
    if (opening) return;
    silence?.();
    const mine = (): void => { forget(); draw(); };
    silence = mine;
    opening = true;
    try {
      sound = await soundOf(voice, () => { forget(); seek.value = "0"; draw(); });
    } catch {
      node.removeAttribute("dir"); // words, which may go from the right
      node.replaceChildren(strings.cantPlay);
      return;
    } finally {
      opening = false;
    }
    if (silence !== mine) {
      forget(); // another was started meanwhile
      return;
    }
    length = sound.length;
    seek.max = String(length);
    sound.play(Math.min(Number(seek.value), length), speed());
    drawing = setInterval(draw, beat);
    draw();
  };

  const play = button("", () => {
    if (!sound) void start();
    else if (sound.playing()) sound.pause();
    else sound.play(sound.at(), speed());
    draw();
  });
  const seek = el("input", {
    type: "range", min: 0, max: length, step: 0.1, value: 0, "aria-label": strings.position,
    input: () => {
      if (sound?.playing()) sound.play(Number(seek.value), speed());
      else forget();
      setText(clock, time(Number(seek.value) * 1000));
    },
  });
  const clock = el("span", { "aria-hidden": "true" });
  const faster = button("1.5×", () => {
    faster.setAttribute("aria-pressed", String(speed() === 1));
    if (sound?.playing()) sound.play(sound.at(), speed());
  }, { "aria-pressed": "false" });
  // What changes in it is not read out of the log that it is in.
  const node = el("span", { class: "voice player", dir: "ltr", role: "group", "aria-live": "off" }, play, seek, clock, faster);
  draw();
  return node;
};

/** Once in a page it is said what a browser remembers. */
let told = false;

/** Where notes are made: in the place of the composer, while there is one or is to be one. */
export interface Desk {
  readonly node: HTMLElement;
  readonly busy: () => boolean;
  readonly begin: () => void;
  readonly update: () => void;
}

/** The browser's question takes the focus, and with it the screen: so the desk outlives it. */
let only: Desk | undefined;

export const desk = (app: Page, lent: Lent): Desk => (only ??= makeDesk(app, lent));

/** What is being asked or done; the note that waits is the session's. */
type Mode = "" | "ask" | "wait" | "no" | Recording;

const makeDesk = ({ session, changed }: Page, lent: Lent): Desk => {
  const node = el("div");
  let mode: Mode = "";
  let shown: unknown = null;
  let timer = 0;
  let asked = 0;
  let since = 0;
  let about = "";

  const become = (next: Mode): void => {
    mode = next;
    asked++;
    clearInterval(timer);
    timer = 0;
    changed();
  };

  const isOver = (): boolean => !isInside(session.state()) || session.state().wiping;

  /** Ends the recording. What was said so far stays, behind the PIN, unless it is not wanted or all is over. */
  const finish = async (recording: Recording, wanted: boolean): Promise<void> => {
    const stopping = recording.stop();
    become("");
    const voice = await stopping;
    if (!voice) return;
    if (wanted && !isOver() && !session.state().voice) session.tell({ type: "voice", voice });
    else voice.data.fill(0);
  };

  const start = async (): Promise<void> => {
    told = true;
    become("wait");
    const mine = asked;
    let recording: Recording;
    try {
      recording = await record();
    } catch {
      if (asked === mine) become("no");
      return;
    }
    if (asked !== mine || isOver() || isAway(session.state())) {
      void recording.stop();
      if (asked === mine) become("");
      return;
    }
    silence?.(); // it would be recorded too
    become(recording);
    timer = setInterval(() => {
      if (isOver()) void finish(recording, false);
      else if (recording.full() || isAway(session.state())) void finish(recording, true);
      else drawLevel(recording);
    }, beat);
  };

  const level = el("meter", { min: 0, max: 1 });
  const clock = el("span", { dir: "ltr", role: "timer" });
  const drawLevel = (recording: Recording): void => {
    level.value = recording.level();
    setText(clock, `${time(recording.ms())} / ${time(longest)}`);
  };
  const status = el("span", { role: "status" });
  // A browser hands all of a note to the phone at once, however slow the line: how
  // much has left the phone it can't tell. What is known is said, and for how long.
  const drawSending = ({ job, takenBack }: State): void => {
    const strings = wordsNow();
    const stage = `${job?.ref} ${takenBack}`;
    if (stage !== about) [about, since] = [stage, performance.now()];
    const ms = performance.now() - since;
    const doing = strings[takenBack ? "takingBack" : !job?.ref ? "waits" : job.again ? "again" : "sending"];
    setText(status, doing + (job?.ref && ms > slow ? " " + strings.slow : ""));
    setText(clock, time(ms));
  };

  const cancel = button("", () => {
    if (mode) become("");
    else session.tell({ type: "cancel" });
  });
  const discard = button("", () => {
    if (typeof mode === "object") void finish(mode, false);
    else session.tell({ type: "voice", voice: null });
  });
  const act = button("", () => {
    if (typeof mode === "object") void finish(mode, true);
    else if (mode) void start();
    else session.tell({ type: "send", nonce: hex(random(16)) });
  }, { class: "primary" });

  /** Draws what there is now; a note's player only anew when it is another note. */
  const draw = (parts: Node[]): void => {
    node.replaceChildren(el("div", { class: "voice" }, ...parts), el("div", { class: "row" }, cancel, discard, act));
  };

  const update = (): void => {
    const s = session.state();
    const strings = wordsNow();
    const sending = underWay(s);
    const wanted = mode || s.voice;
    // One that was taken back is among the messages until it is deleted there.
    const isBack = !mode && !!s.voice && s.slot?.text !== s.voice && !node.contains(player(s.voice));
    const anew = isBack || wanted !== shown;
    if (anew) {
      shown = wanted;
      level.setAttribute("aria-label", strings.level);
      if (typeof mode === "object") drawLevel(mode);
      const text = { "": "", ask: strings.micAsk, wait: strings.moment, no: strings.micNo };
      if (typeof mode === "object") draw([level, clock]);
      else if (mode) draw([el("p", { role: "status" }, text[mode])]);
      else if (s.voice) draw([player(s.voice), status, clock]);
      else node.replaceChildren();
    }
    if (!mode && sending !== !!timer) {
      clearInterval(timer);
      about = "";
      timer = sending ? setInterval(() => { drawSending(session.state()); }, beat) : 0;
    }
    if (sending) drawSending(s);
    else setText(status, "");
    show(clock, sending || typeof mode === "object");
    show(cancel, typeof mode === "string" && (!!mode || sending) && !s.takenBack);
    show(discard, typeof mode === "object" || (!mode && !sending));
    show(act, mode !== "wait" && (!!mode || !sending));
    setText(cancel, mode === "no" ? lent.close : lent.cancel);
    setText(discard, strings.discard);
    setText(act, typeof mode === "object" ? strings.stop : mode ? strings.record : leaves(s) ? lent.leaveIt : lent.send);
    act.disabled = !mode && (s.phase === "gone" || !!s.job || mustWait(s));
    if (anew && !document.activeElement?.closest("header, .page")) [act, cancel].find((one) => !one.hidden)?.focus();
  };

  return {
    node,
    update,
    busy: () => !!mode || !!session.state().voice,
    begin() {
      if (mode) return;
      if (told) void start();
      else become("ask");
    },
  };
};

/** A note is on its way, or waits to be. */
const underWay = ({ job }: State): boolean => !!job && !job.quiet && isVoice(job.text);
