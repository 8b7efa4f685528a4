// What is on the first screen, and the settings of this page.

import { idleChoices } from "./cover";

/** What is on the first screen. A session that begins blanks it; whoever is refused finds it as it was. */
export interface Form {
  readonly number: string;
  readonly pin: string;
  readonly code: string;
  /** The field for the pairing code is shown. */
  readonly askCode: boolean;
  /** What the person said to be here for, or pasted. `invited`: the open place of a private number may be taken. */
  readonly intent: "" | "start" | "invited" | "back";
  /** The countries to choose from, by name and code, once a number was invented. */
  readonly countries: readonly (readonly [name: string, country: string])[];
  readonly country: string;
  /** What was made up here: the whole text of the field, and whether the number may be somebody's. */
  readonly made: { readonly number: string; readonly mayBeReal: boolean; readonly short: boolean } | null;
  /** The pairing code that goes with it, however often it is tried. */
  readonly ownCode: string;
}

export const blank: Form = {
  number: "", pin: "", code: "", askCode: false, intent: "", countries: [], country: "", made: null, ownCode: "",
};

export interface Settings {
  /** Minutes without a sign of life until the curtain falls. */
  readonly idle: number;
  /** New messages are marked in the title. */
  readonly mark: boolean;
  /** A new message that nobody looks at makes a sound. */
  readonly sound: boolean;
}

export const usual: Settings = { idle: idleChoices[0], mark: false, sound: false };
