// The code of a private number: 24 random digits and one Luhn digit, written
// on a contact card as the extension of any number. Everything else comes from
// it. Finding it in what was pasted is part of the document: which protocol is
// meant is decided on the phone, and nothing of std-1 is made from a code.

/** Digits of a code. */
const length = 25;

/** Whether the Luhn sum of all digits is 0 mod 10. */
const luhn = (digits: string): boolean =>
  Array.from(digits).reverse().reduce((sum, char, i) => sum + Number((i % 2 ? "0246813579" : "0123456789")[Number(char)]), 0) % 10 === 0;

/** A code from 24 digits drawn at random. */
export const complete = (digits: string): string =>
  Array.from("0123456789").map((last) => digits + last).find(luhn) ?? "";

/** A code as people read it: five fives. */
export const shown = (code: string): string => code.match(/.{5}/g)?.join(" ") ?? "";

const fives = /\d{5}(?:[ -]?\d{5}){4}/g;
const run = /\d(?:[ .\-()/,;#*~+pwxPWX]{0,4}\d)*/g;
/** The most digits of a number of std-1. */
const longest = 15;

/**
 * The code in a text whose digits, dashes and spaces are folded already;
 * "" if it has none, undefined if a long number is in it that is wrong or cut.
 */
export const findCode = (text: string): string | undefined => {
  for (const { index } of text.matchAll(/(?<!\d)\d/g)) {
    fives.lastIndex = index;
    const found = fives.exec(text);
    if (found?.index !== index) continue;
    const code = found[0].replace(/\D/g, "");
    if (!/^\d/.test(text.slice(fives.lastIndex)) && luhn(code)) return code;
  }
  let best = "";
  for (const [match] of text.matchAll(run)) {
    const digits = match.replace(/\D/g, "");
    if (digits.length > best.length) best = digits;
  }
  const code = best.slice(-length);
  if (best.length >= length && luhn(code)) return code;
  return best.length > longest ? undefined : "";
};
