// The veil and the curtain: when the page hides what is on it, and when it
// forgets it. Pure like the session; time is in ms since 1970.

/**
 * none: all is to be seen; veil: another window has the focus, and coming back
 * soon lifts it; curtain: the PIN lifts it; forget: it is over.
 */
export interface Cover {
  readonly kind: "none" | "veil" | "curtain" | "forget";
  /** When it was drawn. */
  readonly since: number;
  /** Last sign of somebody being there. */
  readonly active: number;
  /** Wrong PINs in a row. */
  readonly wrong: number;
  /** Its owner drew it, as somebody was near: it makes no sound. */
  readonly silent: boolean;
}

export type CoverEvent =
  | "start" // something to hide is on the page
  | "active" // a key, a touch
  | "moved" // a mouse or a wheel, which also move over a window without the focus
  | "blur"
  | "focus"
  | "hide" // out of sight
  | "draw" // hidden by its owner
  | "tick"
  | "right" // the PIN
  | "wrong"; // another one

/** Idle time-outs to choose from, in minutes; the first is the usual one. */
export const idleChoices = [2, 5, 15] as const;

const minute = 60_000;
const veilFor = minute;
const curtainFor = 10 * minute;
/** Wrong PINs until all is forgotten. */
export const triesAllowed = 5;

/** Nothing is hidden, and no time runs before the first event. */
export const uncovered: Cover = { kind: "none", since: 0, active: Infinity, wrong: 0, silent: false };

/** Whether a PIN that is chosen here may be this one. */
export const isRuled = (pin: string): boolean => /^\d{6,12}$/.test(pin);

/**
 * Whether what was entered into the curtain counts as a try. What is half typed,
 * or typed twice over, does not: it can't be a PIN that was `ruled`, nor help to find it.
 */
export const isTry = (entered: string, ruled: boolean): boolean => !!entered && (isRuled(entered) || !ruled);

/** `idle`: time-out in minutes. `keeps`: the page guards a message that is nowhere else, so time alone forgets nothing. */
export const coverStep = (before: Cover, event: CoverEvent, at: number, idle: number, keeps = false): Cover => {
  // Nothing that was is yet to come: else a clock set back would buy time.
  const since = Math.min(before.since, at);
  const active = Math.min(before.active, at);
  const cover = aged({ ...before, since, active }, at, idle, keeps);
  const { kind, wrong } = cover;
  if (event === "start" || (event === "right" && kind === "curtain")) return { ...uncovered, active: at };
  if (event === "wrong" && kind === "curtain") {
    return { ...cover, wrong: wrong + 1, kind: wrong + 1 < triesAllowed ? kind : "forget" };
  }
  if (event === "blur" && kind === "none") return { ...cover, kind: "veil", since: at };
  if ((event === "hide" || event === "draw") && (kind === "none" || kind === "veil")) {
    return { ...cover, kind: "curtain", since: at, silent: event === "draw" };
  }
  // A touch or a key proves the focus: a browser may tell of losing it after it is back.
  if ((event === "active" && (kind === "none" || kind === "veil")) || (event === "focus" && kind === "veil")) {
    return { ...cover, kind: "none", active: at };
  }
  if (event === "moved" && kind === "none") return { ...cover, active: at };
  return cover;
};

/** What time alone has made of it. A page that slept finds it out on waking. */
const aged = (cover: Cover, at: number, idle: number, keeps: boolean): Cover => {
  const since = coverDue(cover, idle, keeps);
  if (at < since) return cover;
  if (cover.kind === "curtain") return { ...cover, kind: "forget" };
  return aged({ ...cover, kind: "curtain", since }, at, idle, keeps);
};

/** When to tick next; Infinity for never. */
export const coverDue = ({ kind, since, active }: Cover, idle: number, keeps = false): number =>
  ({ none: active + idle * minute, veil: since + veilFor, curtain: keeps ? Infinity : since + curtainFor, forget: Infinity })[kind];
