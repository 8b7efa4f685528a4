// A protocol engine decides what a number and a PIN are to the relay, and how
// text is sealed. Frames, turns and the slot are the relay's and the same for
// every engine: session/ deals with them and never sees a number, a PIN or a
// key. There are two: std-1 (std1.ts), and sotto-2 (blind/).

import type { Data } from "./session/frames";
import type { Event, KeyCommand } from "./session/state";

export type { Data } from "./session/frames";
export type { Sealed } from "./session/state";

export interface Engine {
  /** Most bytes of UTF-8 a text may have: the relay's limit less what sealing adds. */
  readonly maxBytes: number;
  /** Who the holder of this number and PIN is. Takes milliseconds. */
  identify(number: string, pin: string): Promise<Identity>;
}

/** One person in one channel. Lives in memory only and leaves it by being let go of. */
export interface Identity {
  /** Path of the room's socket, relative to the document. */
  readonly path: string;
  /** The name under which one's own messages come back; empty if the relay tells it. */
  readonly author: string;
  /** What every join says about this person. */
  readonly credentials: Data;
  /** sotto-2: what a join says to take the open place. */
  readonly blind: Data | null;
  /** Whether this is the PIN the identity was made with. Takes milliseconds. */
  isPin(pin: string): Promise<boolean>;
  /** Overwrites the secret that all of it came from. */
  forget(): void;
  /** The keys of the room that this answer to a join names. */
  unlock(answer: Data): Promise<Keyring>;
}

/** The keys of one room. One question is answered before the next is asked. */
export interface Keyring {
  /** Does what the session asks for, and tells what came of it. Rejects if the relay can't be believed. */
  run(command: KeyCommand): Promise<readonly Event[]>;
  /** Digits that are the same for both if nobody sits between; empty if there is nothing to compare. */
  compare(): Promise<string>;
  /** Overwrites all keys. */
  forget(): void;
}
