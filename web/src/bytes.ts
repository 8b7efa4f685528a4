// Text and bytes.

const encoder = /* @__PURE__ */ new TextEncoder();

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Standard base64 with padding. */
export const base64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/**
 * The bytes of standard base64, or undefined. `atob` alone would also take
 * spaces, missing padding and stray bits, so only the one spelling passes.
 */
export const unbase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return base64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** `count` random bytes. */
export const random = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count));

/** A random whole number from 0 up to, not including, `limit` (at most 2^48), all equally likely. */
export const below = (limit: number): number => {
  const top = 2 ** 48;
  for (;;) {
    const value = random(6).reduce((sum, byte) => sum * 256 + byte, 0);
    // Values of the last, incomplete round would favour the small ones.
    if (value < top - (top % limit)) return value % limit;
  }
};
