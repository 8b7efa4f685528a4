// What a screen is, and what the page gives to it. Screens know the page by
// this alone: the page makes them, and they do not know how it is made.

import type { Cover } from "../cover";
import type { Session } from "../socket";

/** What is on the first screen. Kept by the page, as the screen is taken away when it loses the focus. */
export interface Form {
  number: string;
  pin: string;
  code: string;
  /** The field for the pairing code is shown. */
  askCode: boolean;
  /** What the person said to be here for, or pasted. `invited`: the open place of a private number may be taken. */
  intent: "" | "start" | "invited" | "back";
  /** The countries to choose from, by name and code, once a number was invented. */
  countries: readonly (readonly [name: string, country: string])[];
  country: string;
  /** What was made up here: the whole text of the field, and whether the number may be somebody's. */
  made: { readonly number: string; readonly mayBeReal: boolean; readonly short: boolean } | null;
  /** The pairing code that goes with it, however often it is tried. */
  ownCode: string;
}

export interface Page {
  readonly session: Session;
  readonly form: Form;
  readonly settings: { idle: number; mark: boolean };
  readonly cover: () => Cover;
  readonly hide: () => void;
  /** Lifts the curtain if this is the PIN. False if it is not looked at, as another one still is. */
  readonly lift: (pin: string) => boolean;
  readonly forget: () => void;
  /** Draws anew, in other words. */
  readonly redraw: () => void;
  /** What can be seen changed. */
  readonly changed: () => void;
}

export interface Screen {
  readonly node: HTMLElement;
  /** Brings the screen up to date. */
  readonly update: () => void;
  /** Closes what lies on top. */
  readonly back?: () => void;
  /** Whether the log can be seen. */
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
