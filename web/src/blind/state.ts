// What one page knows of keys in one life of a room.

import type { Content } from "../session/state";
import type { Header } from "./formats";
import type { Bytes } from "./kdf";

/** A key pair of one's own that the other may seal to, and the chain value that belongs to it. */
export interface OwnKey {
  readonly id: Bytes;
  readonly seed: Bytes;
  readonly c: Bytes;
}

/** The key of the other's that a message goes on from; null for one that was left without a key. */
export interface From {
  readonly id: Bytes;
  readonly c: Bytes;
  /** The page that has the key, and whether a hello told it, so that c is the life's. */
  readonly page: Bytes;
  readonly hello: boolean;
}

/** A message of one's own. Its key pair is the one that its header offers as next. */
export interface Own {
  /** Null when nothing can go on from it any more: only that there was a message is known. */
  readonly key: OwnKey | null;
  /** What an edit needs; gone as soon as the message was replaced. */
  readonly open: { readonly header: Header; readonly k: Bytes; readonly from: From | null } | null;
  /** The page that it goes on from, also when the rest is gone. */
  readonly to: { readonly page: Bytes; readonly id: Bytes; readonly hello: boolean } | null;
  readonly iv: Bytes;
  /** A voice note's bytes are the session's, which overwrites them when it needs them no more. */
  readonly text: Content;
  /** Deleted: the message stays, empty. */
  readonly empty: boolean;
  readonly ack: Bytes;
  readonly sent: number;
  /** Locked by the card alone. */
  readonly left: boolean;
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

/** What a person sees of a message. */
export interface Seen {
  /** elsewhere: one's own, from another page. */
  readonly kind: "text" | "empty" | "locked" | "elsewhere";
  /** Null if it can't be opened. */
  readonly text: Content | null;
  readonly left: boolean;
  /** When it was written by the writer's clock, in seconds since 1970; 0 if unknown. */
  readonly sent: number;
}

export interface Slot {
  readonly id: string;
  readonly iv: Bytes;
  readonly mine: boolean;
  /** The variant, and what was seen of it: it is opened once. */
  readonly variant: string;
  readonly seen: Seen | null;
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
  /** Variants that were looked at, and how many of them did not open. */
  readonly tried: ReadonlySet<string>;
  readonly unopened: number;
}

/** A page that knows nothing yet but the room and its own names. */
export const newPage = (life: Bytes, page: Bytes, sender: Bytes): PageKeys => ({
  life, page, sender, hello: null, peer: null, own: null, theirs: null, job: null, slot: null, tried: new Set(), unopened: 0,
});

const secretsOf = (s: PageKeys | null): (Uint8Array | null | undefined)[] =>
  s
    ? [
        s.life,
        s.hello?.seed,
        s.theirs?.c,
        s.theirs?.k,
        ...[s.own, s.job?.own].flatMap((own) => [own?.key?.seed, own?.key?.c, own?.open?.k, own?.open?.from?.c]),
      ]
    : [];

/** Overwrites what `before` knew and `after` does not. */
export const overwrite = (before: PageKeys, after: PageKeys | null): void => {
  const kept = new Set(secretsOf(after));
  for (const secret of secretsOf(before)) if (!kept.has(secret)) secret?.fill(0);
};
