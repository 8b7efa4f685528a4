// Pairing codes as people see and write them.

import { below } from "./bytes";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new pairing code, as XXXX-XXXX. */
export const newRef = (): string => {
  const code = Array.from({ length: 8 }, () => alphabet.charAt(below(32))).join("");
  return code.slice(0, 4) + "-" + code.slice(4);
};

/** The canonical form of a pairing code: upper case, nothing outside the alphabet. */
export const canonicalRef = (ref: string): string => ref.toUpperCase().replace(/[^0-9A-HJKMNP-TV-Z]/g, "");
