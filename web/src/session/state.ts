// What a session knows, what happens to it, and what it wants done.

import { uncovered, type Cover, type CoverEvent } from "./cover";
import { blank, usual, type Form, type Settings } from "./form";
import type { Data, Frame } from "./frames";

/** A sealed text, in standard base64. */
export interface Sealed {
  readonly ciphertext: string;
  readonly iv: string;
}

/** A voice note of sotto-2. Its bytes are overwritten when the session lets go of it. */
export interface Voice {
  /** How long it is. */
  readonly ms: number;
  /** Media type: printable ASCII, at most 255 characters. */
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What a message says. */
export type Content = string | Voice;

/**
 * open: nobody is in a room; opening: the first join is on its way; in: in a
 * room, connected or not; gone: was in a room that the relay no longer has.
 */
export type Phase = "open" | "opening" | "in" | "gone";

/** Why a join is sent: it decides what the relay may do and what its answer means. */
export type Purpose = "create" | "enter" | "own" | "return" | "again";

/** down: no socket, perhaps a time to dial at; joining: open, the join not answered. */
export type Link = "down" | "dialing" | "joining" | "joined";

/**
 * Who can open a message of sotto-2. sealed: the other's open page; left:
 * whoever has the card; locked: a page that is not open any more; elsewhere:
 * one's own, from an earlier page.
 */
export type Lock = "sealed" | "left" | "locked" | "elsewhere";

/** The one message. */
export interface Slot {
  readonly id: string;
  readonly mine: boolean;
  readonly iv: string;
  /** Undefined until opened, null if it can't be opened. */
  readonly text: Content | null | undefined;
  /** When the relay took it, ms since 1970 by the relay's clock. */
  readonly at: number;
  readonly read: boolean;
  /** The relay restarted since: the message is in this tab only. */
  readonly gone: boolean;
  /** Not from the one who wrote here before. */
  readonly stranger: boolean;
  /** sotto-2 only; null until known. */
  readonly lock?: Lock | null;
  /** sotto-2: it was deleted, and stays as an empty one. */
  readonly empty?: boolean;
  /** sotto-2: when it was written by the writer's clock, ms since 1970; 0 if unknown. */
  readonly sent?: number;
}

/** A message that was answered. */
export type Past = Readonly<Pick<Slot, "id" | "mine" | "at"> & { text: Content }>;

/** The one thing that is under way with a message of one's own. */
export interface Job {
  readonly kind: "send" | "edit" | "delete";
  /** 32 hex digits; names the job, and to the relay the message, so that a repeat is known as one. */
  readonly nonce: string;
  readonly text: Content;
  /** send: the message it answers, null for none; edit and delete: the message itself. */
  readonly target: string | null;
  readonly sealed: Sealed | null;
  /** Ref of the frame that went out on this socket, empty if none did. */
  readonly ref: string;
  /** It went out on an earlier socket, and perhaps got there. */
  readonly again: boolean;
  /** sotto-2: iv of the message it answers. */
  readonly targetIv?: string;
  /** sotto-2: sealing was asked for, and how if that is not the moment's to say. */
  readonly asked?: boolean;
  readonly how?: How;
  /** sotto-2: an edit that nobody typed: the same text under another lock. */
  readonly quiet?: boolean;
}

/** What the rules of the keys say of the moment. */
export interface Keys {
  /** Something can be sealed to the other's page. */
  readonly canSeal: boolean;
  /** A hello is due: the other has no key of this page. */
  readonly mustGreet: boolean;
  /** One's own message waits under a key that is gone. */
  readonly mustSealAnew: boolean;
}

/** What a person has to be told of keys, and when it was. */
export interface KeyNote {
  readonly say: "openedAnew" | "keysAnew" | "unseen";
  readonly at: number;
}

/** A pairing code on its way to the relay. */
export interface Regate {
  readonly code: string;
  readonly gate: Data;
  readonly ref: string;
}

/** What a person has to be told; the words are in the strings table. */
export type Say =
  | "nobody" | "taken" | "whose" | "otherPin" | "notYours" | "wrongPin" | "held" | "locked" | "askRef" | "wrongRef" | "otherRef"
  | "askPlace" | "faster" | "tooMany" | "answered" | "noBlind" | "moved" | "fault" | "noKey"
  | "busy" | "failed" | "closed" | "stale" | "unread" | "elsewhereFirst" | "notSent" | "alreadyRead" | "goneMessage" | "tooLongRelay"
  | "restarting" | "restarted" | "missing" | "ended" | "wiped" | "wipedThere" | "forgot";

export interface Notice {
  readonly say: Say;
  /** wrongPin: tries left. */
  readonly count?: number;
  /** locked and restarting: until when, ms since 1970 by this phone's clock. */
  readonly until?: number;
}

export interface State {
  /** When the last step was. */
  readonly at: number;
  /** What the last step wants done, in this order. */
  readonly commands: readonly Command[];

  readonly cover: Cover;
  readonly form: Form;
  readonly settings: Settings;

  readonly phase: Phase;
  readonly purpose: Purpose;
  readonly link: Link;
  readonly notice: Notice | null;
  /** The phone says that it has no network. */
  readonly offline: boolean;

  readonly author: string;
  readonly credentials: Data;
  /** The pairing code in clear, empty if this tab does not know it, and what a join says of it. */
  readonly code: string;
  readonly gate: Data | null;
  /** sotto-2: what a join says to take the open place; null in std-1. */
  readonly blind: Data | null;

  readonly roomId: string;
  readonly resume: string;
  /** When the room ends, ms since 1970 by the relay's clock. */
  readonly ttl: number;
  /** The relay's clock less this phone's, in ms; 0 until known. */
  readonly skew: number;
  /** The second seat is open. */
  readonly awaiting: boolean;
  /** Id of the last room in which both seats were taken. */
  readonly met: string;
  /** Whether the other seat has a socket; null if unknown. */
  readonly peer: boolean | null;
  /** The name under which the other one writes, empty until they did. */
  readonly other: string;

  readonly slot: Slot | null;
  /** How many messages the page keeps, and those before the one in the slot, oldest first. */
  readonly keep: number;
  readonly past: readonly Past[];
  /** What is in the composer. It stays there until the relay has it. */
  readonly draft: string;
  /** What was recorded and waits beside the draft. It stays until the relay has it. */
  readonly voice: Voice | null;
  /** Id of the message being edited, and the draft that was there before. */
  readonly editing: string;
  readonly aside: string;
  readonly job: Job | null;
  readonly regate: Regate | null;
  /** Wiping for both was asked for and is not yet confirmed. */
  readonly wiping: boolean;
  /** Somebody could be looking: the end of the message is in view of a focused page. */
  readonly attention: boolean;
  /** Id of the last message of the other that was looked at for long enough. */
  readonly seen: string;
  /** When the last sound was. */
  readonly rangAt: number;

  // Times in ms since 1970 by this phone's clock; 0 is never.
  readonly dialAt: number;
  readonly dialedAt: number;
  readonly answerBy: number;
  /** Until when a voice note may be on its way: on a slow line nothing is answered before. */
  readonly uploadBy: number;
  readonly seenAt: number;
  readonly typedAt: number;
  readonly typingUntil: number;

  /** Dials since the last good join. */
  readonly tries: number;
  /** The relay said goodbye, as it restarts. */
  readonly restarted: boolean;
  /** When it will, as it said; 0 if it did not. By this phone's clock, as those above. */
  readonly restartsAt: number;
  /** This socket asked a proxy for a relay that is not about to restart. */
  readonly elsewhere: boolean;
  readonly joinRef: string;
  readonly frames: number;

  // sotto-2 only.
  readonly keys: Keys | null;
  readonly notes: readonly KeyNote[];
  /** The relay knows this page's key, and has said the other's: texts may go. */
  readonly greeted: boolean;
  /** It was so before, on some socket. */
  readonly everGreeted: boolean;
  /** A hello is being made or was sent, with the ref of its frame. */
  readonly greeting: boolean;
  readonly helloRef: string;
  /** Nothing is ever left for somebody absent. */
  readonly strict: boolean;
  /** The page is out of sight. */
  readonly hidden: boolean;
  /** When the message in the slot was found locked; and before when none is sealed anew. */
  readonly lockedAt: number;
  readonly anewAt: number;
  /** What was asked for while a quiet job was under way, and is done after it. */
  readonly next: Pick<Job, "kind" | "nonce"> | null;
  /** Iv of a voice note that is to be deleted as soon as it is in the slot. */
  readonly takenBack: string;
}

export const initial: State = {
  at: 0,
  commands: [],
  cover: uncovered,
  form: blank,
  settings: usual,
  phase: "open",
  purpose: "enter",
  link: "down",
  notice: null,
  offline: false,
  author: "",
  credentials: {},
  code: "",
  gate: null,
  blind: null,
  roomId: "",
  resume: "",
  ttl: 0,
  skew: 0,
  awaiting: false,
  met: "",
  peer: null,
  other: "",
  slot: null,
  keep: 1,
  past: [],
  draft: "",
  voice: null,
  editing: "",
  aside: "",
  job: null,
  regate: null,
  wiping: false,
  attention: false,
  seen: "",
  rangAt: 0,
  dialAt: 0,
  dialedAt: 0,
  answerBy: 0,
  uploadBy: 0,
  seenAt: 0,
  typedAt: 0,
  typingUntil: 0,
  tries: 0,
  restarted: false,
  restartsAt: 0,
  elsewhere: false,
  joinRef: "",
  frames: 0,
  keys: null,
  notes: [],
  greeted: false,
  everGreeted: false,
  greeting: false,
  helloRef: "",
  strict: false,
  hidden: false,
  lockedAt: 0,
  anewAt: 0,
  next: null,
  takenBack: "",
};

/** Who joins, and how. */
export type Who = Pick<State, "purpose" | "author" | "credentials" | "code" | "gate" | "blind">;

export type Event =
  // From the person.
  | { type: "start"; who: Who }
  | { type: "draft"; text: string }
  /** Sends what is in the composer, or the edit. `nonce`: 32 fresh random hex digits. */
  | { type: "send"; nonce: string }
  /** sotto-2: what was recorded; null: it is not wanted. */
  | { type: "voice"; voice: Voice | null }
  | { type: "edit" }
  /** Takes back what waits for a connection, or a voice note on its way; else ends editing. */
  | { type: "cancel" }
  | { type: "delete"; nonce: string }
  | { type: "regate"; code: string; gate: Data }
  /** Starts again in phase gone: behind this pairing code, or behind the one that is known. */
  | { type: "again"; code: string; gate: Data | null }
  | { type: "wipe" }
  | { type: "leave" }
  /** How many messages are kept from now on. */
  | { type: "keep"; count: number }
  | { type: "retry" }
  /** sotto-2: whether texts may be left for somebody absent. */
  | { type: "strict"; on: boolean }
  /** sotto-2: leave one's own unread message, which was sealed to a page that closed. */
  | { type: "let wait" }
  | { type: "form"; form: Partial<Form> }
  | { type: "settings"; settings: Partial<Settings> }
  // From the browser.
  | { type: "cover"; event: CoverEvent }
  | { type: "attention"; on: boolean }
  | { type: "net"; online: boolean }
  /** The page is out of sight, or is there again. */
  | { type: "hidden"; on: boolean }
  /** The page came back from somewhere: is the socket still there? */
  | { type: "check" }
  | { type: "tick" }
  // From the socket. `luck`: a random number from 0 up to 1.
  | { type: "up" }
  | { type: "down"; code: number; luck: number }
  | { type: "frame"; frame: Frame }
  // From the engine.
  /** Null: it can't be sealed now. */
  | { type: "sealed"; nonce: string; sealed: Sealed | null }
  | { type: "opened"; iv: string; text: Content | null; lock?: Lock; empty?: boolean; sent?: number }
  /** sotto-2: a hello to say; what the rules of the keys came to; a relay that can't be believed. */
  | { type: "hello"; hello: string }
  | { type: "keys"; keys: Keys; notes: readonly KeyNote["say"][]; accepted: string; late: string }
  | { type: "fault" };

/** What the engine's keys are for, one after another. */
export type KeyCommand =
  | { do: "seal"; nonce: string; text: Content; how?: How }
  | { do: "open"; sealed: Sealed }
  /** sotto-2: say hello; hear the other's; look at the slot; the relay took, or refused, a job. */
  | { do: "greet" }
  | { do: "hear"; hello: string }
  | { do: "take"; message: Data | null; joining: boolean }
  | { do: "accept"; nonce: string; id: string }
  /** `gone`: one's own message is not there any more. */
  | { do: "drop"; nonce: string; gone: boolean };

/** How sotto-2 seals. */
export interface How {
  /** An edit of one's own message, not an answer. */
  readonly edit: boolean;
  readonly empty: boolean;
  /** For somebody absent. */
  readonly leave: boolean;
  /** With another key than before. */
  readonly anew: boolean;
  /** By itself: only a message of this page. */
  readonly quiet: boolean;
}

export type Command =
  | { do: "dial"; elsewhere: boolean }
  | { do: "hangup" }
  | { do: "frame"; event: string; ref: string; data: Data }
  /** Derive the keys of the room that this join's answer names. */
  | { do: "unlock"; answer: Data }
  | KeyCommand
  /** Let go of everything that was ever entered or derived. */
  | { do: "forget" }
  /** Make the sound of a new message. */
  | { do: "ring" }
  /** Let go of what was derived from what is in the form. */
  | { do: "blank" };
