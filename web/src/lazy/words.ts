// The words of what is loaded later. Those of the document are lent to it, so
// that no phone loads them twice.

import type first from "#strings";
import later from "#later";

const keys = Object.keys(later) as (keyof typeof later)[];

const strings = { ...later } as typeof first & typeof later;

/** Takes the document's words, and its own in another language, in the order of the table. */
export const speak = (lent: typeof first, own: readonly string[] | null): void => {
  Object.assign(strings, lent);
  own?.forEach((word, i) => {
    const key = keys[i];
    if (key) strings[key] = word;
  });
};

export default strings;
