// What one page knows of keys in one life of a room.

import type { Header } from "./formats";
import type { Bytes } from "./kdf";

/** A key pair of one's own that the other may seal to, and the chain value that belongs to it. */
export interface OwnKey {
  readonly id: Bytes;
  readonly seed: Bytes;
  readonly c: Bytes;
}

/** A message of one's own. Its key pair is the one that its header offers as next. */
export interface Own {
  readonly key: OwnKey;
  /** What an edit needs; gone as soon as the message was replaced. */
  readonly open: { readonly header: Header; readonly k: Bytes } | null;
  readonly iv: Bytes;
  readonly text: string;
  /** Deleted: the message stays, empty. */
  readonly empty: boolean;
  readonly ack: Bytes;
  /** Locked by the card alone. */
  readonly left: boolean;
  /** The page that it was sealed to, and the key if that came from a hello. */
  readonly toPage: Bytes | null;
  readonly toHello: Bytes | null;
}

/** The other's message in the slot, once it opened. */
export interface Theirs {
  readonly page: Bytes;
  readonly pk: Bytes;
  /** Null if the message is not on a chain that this page knows. */
  readonly c: Bytes | null;
  readonly k: Bytes;
  readonly header: Header;
  /** First bytes of the iv of one's own message that it answers, or zeros. */
  readonly ack: Bytes;
}

export interface Job {
  /** Names it, as in the session. */
  readonly nonce: string;
  readonly edit: boolean;
  /** Id of the message it replaces or edits, empty if the slot was. */
  readonly target: string;
  readonly own: Own;
}

export interface Slot {
  readonly id: string;
  readonly iv: Bytes;
  readonly mine: boolean;
}

export interface PageKeys {
  readonly life: Bytes;
  /** Names of this page and of its author. */
  readonly page: Bytes;
  readonly sender: Bytes;
  /** The newest hello key. */
  readonly hello: (OwnKey & { readonly bytes: Bytes }) | null;
  /** The other's newest good hello. */
  readonly peer: { readonly page: Bytes; readonly pk: Bytes; readonly id: Bytes; readonly sender: Bytes } | null;
  readonly own: Own | null;
  readonly theirs: Theirs | null;
  readonly job: Job | null;
  readonly slot: Slot | null;
}

/** A page that knows nothing yet but the room and its own names. */
export const newPage = (life: Bytes, page: Bytes, sender: Bytes): PageKeys => ({
  life, page, sender, hello: null, peer: null, own: null, theirs: null, job: null, slot: null,
});

const secretsOf = (s: PageKeys | null): (Uint8Array | null | undefined)[] =>
  s
    ? [
        s.life,
        s.hello?.seed,
        s.theirs?.c,
        s.theirs?.k,
        ...[s.own, s.job?.own].flatMap((own) => [own?.key.seed, own?.key.c, own?.open?.k]),
      ]
    : [];

/** Overwrites what `before` knew and `after` does not. */
export const overwrite = (before: PageKeys, after: PageKeys | null): void => {
  const kept = new Set(secretsOf(after));
  for (const secret of secretsOf(before)) if (!kept.has(secret)) secret?.fill(0);
};
