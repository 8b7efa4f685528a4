// What a screen is, and what the page gives to it. Screens know the page by
// this alone: the page makes them, and they do not know how it is made.

import type { Session } from "../socket";

export interface Page {
  readonly session: Session;
  readonly hide: () => void;
  /** Lifts the curtain if this is the PIN. False if it is not looked at, as another one still is. */
  readonly lift: (pin: string) => boolean;
  readonly forget: () => void;
  /** Draws anew, in other words. */
  readonly redraw: () => void;
  /** What can be seen, or whether the end of the message can, changed. */
  readonly changed: () => void;
}

export interface Screen {
  readonly node: HTMLElement;
  /** Brings the screen up to date. */
  readonly update: () => void;
  /** Closes what lies on top. */
  readonly back?: () => void;
  /** Whether the end of the message is in view. */
  readonly log?: () => boolean;
}

/** What can be shown in the place of the message. */
export interface Panel {
  readonly node: HTMLElement;
  readonly update?: () => void;
}

/** What is on a sheet. */
export interface Content {
  readonly nodes: readonly HTMLElement[];
  /** Brings it up to date. */
  readonly update?: () => void;
}
