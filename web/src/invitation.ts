// Finds a number and a pairing code in whatever was pasted: a number alone,
// our own invitation, or somebody's sentence around either.

import { digits, foldDigits } from "./phone";

export interface Invitation {
  /** As written, without the text around it; empty if there is none. */
  readonly number: string;
  /** In the form XXXX-XXXX; empty if there is none. */
  readonly ref: string;
}

/** Digits of a number. */
const shortest = 6;
const longest = 15;
/** Characters that are looked at: no invitation is longer. */
const mostText = 4000;

/** One spelling of digits, dashes and spaces, and no marks that can't be seen. */
export const folded = (pasted: string): string =>
  foldDigits(pasted.slice(0, mostText))
    .replace(/\p{Cf}/gu, "")
    .replace(/\p{Pd}/gu, "-")
    .replace(/\p{Zs}/gu, " ");

export const parseInvitation = (pasted: string): Invitation => {
  // Dashes come in many shapes after a messenger was at them, and marks for
  // the direction of writing may stand anywhere.
  const text = folded(pasted);
  const ref = findRef(text);
  const number = findNumber(text.replace(ref, "/"));
  // What looked like a code was the number itself.
  return number ? { number, ref: ref.toUpperCase() } : { number: findNumber(text), ref: "" };
};

/**
 * The run that is most like a number: digits and what people put between them.
 * A full stop counts between two digits only: elsewhere it ends a sentence.
 */
const findNumber = (text: string): string =>
  (text.match(/\+?\(?\d(?:(?:[ ()-]{0,3}|\.)\d)*/g) ?? []).reduce(
    (best, run) => (likeness(run) > likeness(best) ? run : best),
    "",
  );

const likeness = (run: string): number => {
  const { length } = digits(run);
  return length < shortest || length > longest ? 0 : length + (run.startsWith("+") ? longest : 0);
};

/**
 * The most code-like XXXX-XXXX. A code has both letters and digits in it 94
 * times in 100; hyphenated words and parts of numbers only look like one.
 */
const findRef = (text: string): string => {
  let best = "";
  let bestScore = 0;
  for (const match of text.matchAll(/[0-9A-Z]+(?:-[0-9A-Z]+)*/gi)) {
    const candidate = match[0];
    if (!/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/i.test(candidate)) continue;
    const letters = /[A-Z]/i.test(candidate);
    const partOfNumber = /[\d)] ?$/.test(text.slice(0, match.index));
    const upper = candidate === candidate.toUpperCase();
    const score = !letters ? (partOfNumber ? 0 : 1) : /\d/.test(candidate) ? 3 : upper ? 2 : 0;
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
};
