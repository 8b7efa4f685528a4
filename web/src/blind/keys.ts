// The rules of a page's keys: which key is used, which is erased, and when.
// Each rule takes the keys as they are and returns them as they are to be. It
// has no clock and no randomness of its own; one rule is awaited before the
// next is asked for.

import {
  checkDigits, keyId, keysOf, leftChain, leftKey, leftType, makeHeader, makeHello, openMessage, readHeader, readHello, same, sealedType,
  sealMessage, sealTo, emptyKind, textKind, encSize, idBytes, ivBytes,
  type Body, type Header, type Target,
} from "./formats";
import type { Bytes } from "./kdf";
import type { Job, Own, OwnKey, PageKeys, Theirs } from "./state";
import type { Kem } from "./xwing";

/** What the world outside gives to the rules. */
export interface Suite {
  readonly kem: Kem;
  readonly random: (bytes: number) => Bytes;
}

/** What a person has to be told. */
export type Notice =
  /** The other's page is another one than before. */
  | "openedAnew"
  /** Keys start anew here: who has the card could have come in between. */
  | "keysAnew"
  /** They answered without having seen one's last words. */
  | "unseen";

/** What does not belong here came from the relay: the page must end. */
export class Fault extends Error {}

const seedBytes = 32;
const coinBytes = 64;
const none = new Uint8Array(idBytes);

const newKey = async ({ kem, random }: Suite): Promise<{ seed: Bytes; pk: Bytes; id: Bytes }> => {
  const seed = random(seedBytes);
  const pk = await kem.publicKey(seed);
  return { seed, pk, id: await keyId(pk) };
};

/** Says hello: with the key of the last one while that is unused, else with a new one. */
export const greet = async (suite: Suite, s: PageKeys): Promise<PageKeys> => {
  if (s.hello) return s;
  const { seed, pk, id } = await newKey(suite);
  const { life, page, sender } = s;
  return { ...s, hello: { id, seed, c: life, bytes: await makeHello(life, { page, sender, pk }) } };
};

/**
 * The other may have no key of this page that lives: a hello is due. Always
 * so when what they wrote is locked: then it was sealed to a key that is gone.
 */
export const mustGreet = ({ peer, hello, own, slot, theirs }: PageKeys): boolean =>
  !!peer && !hello && (!own?.toPage || !same(own.toPage, peer.page) || (!!slot && !slot.mine && !theirs));

/** One's own sealed message waits under a key that the other's page does not have any more. */
export const mustSealAnew = ({ peer, own, slot, job }: PageKeys): boolean =>
  !!peer && !job && !!slot?.mine && !!own?.open && !own.left && same(own.iv, slot.iv) && !!own.toPage &&
  (!same(own.toPage, peer.page) || (!!own.toHello && !same(own.toHello, peer.id)));

/** The other's hello. */
export const hear = async (s: PageKeys, bytes: Bytes): Promise<{ keys: PageKeys; notices: Notice[] }> => {
  const hello = await readHello(s.life, bytes);
  if (!hello || same(hello.sender, s.sender) || (s.peer && !same(hello.sender, s.peer.sender))) throw new Fault();
  const anew = !!s.peer && !same(s.peer.page, hello.page);
  return { keys: { ...s, peer: { ...hello, id: await keyId(hello.pk) } }, notices: anew ? ["openedAnew"] : [] };
};

/** The key that a message is sealed to, and where it comes from. */
interface Choice extends Target {
  readonly page: Bytes;
  readonly hello: Bytes | null;
}

const onChain = ({ theirs, peer }: PageKeys): Choice | null =>
  theirs?.c && (!peer || same(theirs.page, peer.page)) ? { pk: theirs.pk, c: theirs.c, page: theirs.page, hello: null } : null;

const byHello = ({ peer, life }: PageKeys): Choice | null => peer && { pk: peer.pk, c: life, page: peer.page, hello: peer.id };

/** Something can be sealed to the other's page. */
export const canSeal = (s: PageKeys): boolean => !!(onChain(s) ?? s.peer);

export interface Order {
  readonly nonce: string;
  /** Changes one's own message in the slot, instead of answering what is there. */
  readonly edit: boolean;
  readonly text: string;
  readonly empty: boolean;
  /** By the card alone, for somebody absent. */
  readonly leave: boolean;
  /** The key that is in use does not do any more. */
  readonly anew: boolean;
  /** Seconds since 1970. */
  readonly sent: number;
}

export interface SealedJob {
  readonly keys: PageKeys;
  readonly message: Bytes;
  readonly iv: Bytes;
  readonly notices: Notice[];
}

/**
 * Seals a message or an edit. Undefined if there is no key for it, no message
 * of one's own to edit, or if the text is too long.
 */
export const seal = async (suite: Suite, s: PageKeys, order: Order): Promise<SealedJob | undefined> => {
  const { edit, leave } = order;
  const iv = suite.random(ivBytes);
  const { slot, own } = s;
  if (s.job || (edit && !slot?.mine)) return undefined;
  // What was not opened was not seen, so it is not answered either.
  const ack = edit ? (own?.ack ?? none) : slot && s.theirs ? slot.iv.slice(0, idBytes) : none;
  const body: Body = { kind: order.empty ? emptyKind : textKind, ack, sent: order.sent, text: order.empty ? "" : order.text };
  const said = { iv, text: body.text, empty: order.empty, ack };
  const current = own?.open && slot && same(own.iv, slot.iv) ? own : null;
  let next: Own | undefined;
  // What was left stays left: the other's page may have no key any more that a new header could name.
  if (edit && current && !order.anew && (current.left || !leave)) next = { ...current, ...said };
  else next = await (leave ? leftOwn : sealedOwn)(suite, s, edit, said);
  if (!next?.open) return undefined;
  const message = await sealMessage(next.open.k, iv, next.open.header, body);
  if (!message) return undefined;
  const job: Job = { nonce: order.nonce, edit, target: slot?.id ?? "", own: next };
  return { keys: { ...s, job }, message, iv, notices: own && next.toHello && next !== own && next.key !== own.key ? ["keysAnew"] : [] };
};

type Said = Pick<Own, "iv" | "text" | "empty" | "ack">;

const sealedOwn = async (suite: Suite, s: PageKeys, edit: boolean, said: Said): Promise<Own | undefined> => {
  const to = (edit ? null : onChain(s)) ?? byHello(s);
  if (!to) return undefined;
  const { seed, pk, id } = await newKey(suite);
  const sealed = await sealTo(suite.kem, to, s.sender, s.page, pk, suite.random(coinBytes));
  if (!sealed) throw new Fault(); // the other's key is none
  const { header, k, c } = sealed;
  return { ...said, key: { id, seed, c }, open: { header, k }, left: false, toPage: to.page, toHello: to.hello };
};

const leftOwn = async (suite: Suite, s: PageKeys, edit: boolean, said: Said): Promise<Own> => {
  const to = edit ? null : onChain(s);
  const { seed, pk, id } = await newKey(suite);
  const header = makeHeader(leftType, s.page, to ? await keyId(to.pk) : none, new Uint8Array(encSize), pk);
  const c = await leftChain(to?.c ?? s.life, s.sender, header);
  const k = await leftKey(s.life, s.sender, header);
  return { ...said, key: { id, seed, c }, open: { header, k }, left: true, toPage: to?.page ?? null, toHello: null };
};

/** The relay has taken the job. */
export const accept = (s: PageKeys, nonce: string): { keys: PageKeys; notices: Notice[] } => {
  if (s.job?.nonce !== nonce) return { keys: s, notices: [] };
  const keys = accepted(s, s.job);
  return { keys, notices: keys.own?.open || !keys.own || saw(keys.own, keys.theirs?.ack) ? [] : ["unseen"] };
};

/** Whether this is what an answer to this very variant says. */
const saw = (own: Own, ack: Bytes | undefined): boolean => !!ack && same(ack, own.iv.subarray(0, idBytes));

const accepted = (s: PageKeys, job: Job): PageKeys => {
  const { slot } = s;
  // The answer is there already: what it replaced can't be opened any more.
  const answered = !!slot && !slot.mine && slot.id !== job.target;
  const own = answered ? { ...job.own, open: null } : job.own;
  const edited = job.edit && slot?.mine && slot.id === job.target ? { ...slot, iv: own.iv } : slot;
  return { ...s, own, job: null, slot: edited, ...(!job.edit && { hello: null }) };
};

/** The relay refused the job. */
export const drop = (s: PageKeys, nonce: string): PageKeys => (s.job?.nonce === nonce ? { ...s, job: null } : s);

/** A message as the relay has it in the slot. */
export interface Stored {
  readonly id: string;
  readonly sender: Bytes;
  readonly iv: Bytes;
  readonly message: Bytes;
}

/** What a person sees of it. */
export interface Seen {
  /** elsewhere: one's own, from another page. */
  readonly kind: "text" | "empty" | "locked" | "elsewhere";
  /** Null if it can't be opened. */
  readonly text: string | null;
  readonly left: boolean;
  /** When it was written by the writer's clock, in seconds since 1970; 0 if unknown. */
  readonly sent: number;
}

export interface Taken {
  readonly keys: PageKeys;
  /** Null for an empty slot. */
  readonly seen: Seen | null;
  /** Nonce of the job that this proves accepted, and of the edit that came too late. */
  readonly accepted: string;
  readonly late: string;
  readonly notices: Notice[];
}

/** What is in the slot now. */
export const take = async (suite: Suite, s: PageKeys, stored: Stored | null): Promise<Taken> => {
  const quiet = { accepted: "", late: "", notices: [] };
  if (!stored) return { keys: { ...s, slot: null, theirs: null }, seen: null, ...quiet };
  const header = readHeader(stored.message);
  if (!header || stored.iv.length !== ivBytes) throw new Fault();
  const mine = same(stored.sender, s.sender);
  const slot = { id: stored.id, iv: stored.iv, mine };
  return mine ? takeOwn({ ...s, slot, theirs: null }, stored, header) : takeTheirs(suite, { ...s, slot }, stored, header);
};

const isOf = (own: Own | null | undefined, header: Header): own is Own & { open: NonNullable<Own["open"]> } =>
  !!own?.open && same(own.open.header.bytes, header.bytes);

const takeOwn = async (s: PageKeys, { iv, message }: Stored, header: Header): Promise<Taken> => {
  const { job, own } = s;
  const seenOf = (of: Own): Seen => ({ kind: of.empty ? "empty" : "text", text: of.text, left: of.left, sent: 0 });
  if (isOf(job?.own, header) && same(job.own.iv, iv)) {
    return { keys: accepted(s, job), seen: seenOf(job.own), accepted: job.nonce, late: "", notices: [] };
  }
  const quiet = { accepted: "", late: "", notices: [] };
  if (isOf(own, header)) {
    if (same(own.iv, iv)) return { keys: s, seen: seenOf(own), ...quiet };
    // An edit of this page whose answer was lost, and that was given up since.
    const body = await openMessage(own.open.k, iv, header, message);
    if (!body) throw new Fault();
    const now = { ...own, iv, text: body.text, empty: body.kind === emptyKind };
    return { keys: { ...s, own: now }, seen: seenOf(now), ...quiet };
  }
  // From an earlier page of this seat. The card opens what was left.
  const left = header.type === leftType;
  const body = left ? await openMessage(await leftKey(s.life, s.sender, header), iv, header, message) : undefined;
  if (left && !body) throw new Fault();
  return { keys: s, seen: { kind: "elsewhere", text: body?.text ?? null, left, sent: body?.sent ?? 0 }, ...quiet };
};

const takeTheirs = async (suite: Suite, before: PageKeys, stored: Stored, header: Header): Promise<Taken> => {
  let s = before;
  const { sender, iv, message } = stored;
  const notices: Notice[] = [];
  let nonce = "";
  const named = (key: OwnKey | null | undefined): key is OwnKey => !!key && same(key.id, header.to);
  const { job } = s;
  if (job && job.own.key !== s.own?.key && named(job.own.key)) {
    s = accepted(s, job);
    nonce = job.nonce;
  }
  // What was replaced can't be opened again.
  if (s.own) s = { ...s, own: { ...s.own, open: null } };

  const again = s.theirs && same(s.theirs.header.bytes, header.bytes) ? s.theirs : null;
  const key = [s.hello, s.own?.key].find(named);
  let c: Bytes | null;
  let k: Bytes;
  if (again) ({ c, k } = again);
  else if (header.type === leftType) {
    const free = same(header.to, none);
    k = await leftKey(s.life, sender, header);
    c = key || free ? await leftChain(key?.c ?? s.life, sender, header) : null;
    if (s.own && !key) notices.push("keysAnew");
  } else if (key) {
    const keys = await keysOf(suite.kem, key.seed, key.c, sender, header);
    if (!keys) throw new Fault();
    ({ c, k } = keys);
    if (s.own && key === s.hello) notices.push("keysAnew");
  } else {
    const seen: Seen = { kind: "locked", text: null, left: false, sent: 0 };
    return { keys: { ...s, theirs: null }, seen, accepted: nonce, late: "", notices };
  }
  const body = await openMessage(k, iv, header, message);
  if (!body) throw new Fault();
  const theirs: Theirs = { page: header.page, pk: header.next, c, k, header, ack: body.ack };
  const seen: Seen = {
    kind: body.kind === emptyKind ? "empty" : "text", text: body.text, left: header.type === leftType, sent: body.sent,
  };
  s = { ...s, theirs };
  let late = "";
  const edit = s.job?.edit ? s.job : null;
  if (edit && saw(edit.own, body.ack)) {
    nonce = edit.nonce;
    s = { ...s, own: { ...edit.own, open: null }, job: null };
  } else {
    if (edit) {
      late = edit.nonce;
      s = { ...s, job: null };
    }
    // While a message is under way nobody can say yet which is the last one.
    if (s.own && !s.job && !again && !saw(s.own, body.ack)) notices.push("unseen");
  }
  return { keys: s, seen, accepted: nonce, late, notices };
};

/** The digits to compare for the sealed message that both see; empty if there is none. */
export const compare = async ({ slot, own, theirs }: PageKeys): Promise<string> => {
  const c = slot?.mine
    ? own?.open && !own.left && same(own.iv, slot.iv) ? own.key.c : null
    : theirs?.header.type === sealedType ? theirs.c : null;
  return c ? checkDigits(c) : "";
};
