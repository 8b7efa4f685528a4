// How a private number is written: any number, a pause, the code.

import { digits, foldDigits } from "../phone";
import { findCode, shown } from "./code";

/** The card of a number and a code, as it is shown. */
export const card = (number: string, code: string): string => (number ? `${number},,` : "") + shown(code);

/** The same for a dialler, without spaces. */
export const dialled = (number: string, code: string): string => (number ? `+${digits(number)},,` : "") + code;

/** Number and code in what is in the field. The number may be missing: it is cover alone. */
export const readCard = (text: string): { number: string; code: string } => {
  const code = findCode(foldDigits(text)) ?? "";
  const before = /\+[\d ()-]*\d(?=\s*,)/.exec(text)?.[0] ?? "";
  return { number: before, code };
};
