// Telephone numbers as people write them.

/** The digits of a number: what std-1 calls normalised. */
export const digits = (text: string): string => text.replace(/[^0-9]/g, "");

/** The text with the decimal digits of every script written as 0–9. */
export const foldDigits = (text: string): string =>
  text.replace(/\p{Nd}/gu, (char) => {
    // Unicode keeps the ten digits of a script together and in order, and
    // where sets touch each other they are whole sets: so the value is the
    // distance from the start of the run.
    const code = char.codePointAt(0) ?? 0;
    let start = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
    return String((code - start) % 10);
  });

/** An international number in groups that can be read out. */
export const group = (callingCode: string, national: string): string =>
  `+${callingCode} ${national.replace(/\d{3}(?=\d{3})/g, "$& ")}`;
