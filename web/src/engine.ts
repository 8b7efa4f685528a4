// A protocol engine decides what a number and a PIN are to the relay, and how
// text is sealed. Frames, turns and the slot are the relay's and the same for
// every engine: session/ deals with them and never sees a number, a PIN or a
// key. std-1 (std1.ts) is the first engine; a second may stand beside it.

/** Any JSON object as it came from the relay: nothing in it is to be believed. */
export type Data = Readonly<Record<string, unknown>>;

/** A sealed text, in standard base64. */
export interface Sealed {
  readonly ciphertext: string;
  readonly iv: string;
}

/** What is loaded when somebody opens a room. */
export interface Protocol {
  /** What a join says of a pairing code, in whatever spelling. */
  gate(ref: string): Promise<Data>;
  /** Who the holder of this number and PIN is. Takes milliseconds. */
  identify(number: string, pin: string): Promise<Identity>;
}

/** What a screen needs before that. */
export interface Engine extends Protocol {
  /** Most bytes of UTF-8 a text may have: the relay's limit less what sealing adds. */
  readonly maxBytes: number;
  /** A new pairing code, as shown to people. */
  newRef(): string;
}

/** One person in one channel. Lives in memory only and leaves it by being let go of. */
export interface Identity {
  /** Path of the room's socket, relative to the document. */
  readonly path: string;
  /** The name under which one's own messages come back. */
  readonly author: string;
  /** What every join says about this person. */
  readonly credentials: Data;
  /** Whether this is the PIN the identity was made with. Takes milliseconds. */
  isPin(pin: string): Promise<boolean>;
  /**
   * The room's keys, given the relay's answer to a join. Slow by design: up to a
   * second and more on a cheap phone, without blocking the page. An engine may
   * begin before the answer is there.
   */
  unlock(answer: Data): Promise<Box>;
}

/** Seals and opens the texts of one room. */
export interface Box {
  seal(text: string): Promise<Sealed>;
  /** The text, or null if it was not sealed with this room's keys. */
  open(sealed: Sealed): Promise<string | null>;
}
