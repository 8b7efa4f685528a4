// The rules of a page's keys: which key is used, which is erased, and when.
// Each rule takes the keys as they are and returns them as they are to be. It
// has no clock and no randomness of its own; one rule is awaited before the
// next is asked for. The specification is the comment of the Go package blind.

import {
  checkDigits, keyId, keysOf, leftChain, leftKey, leftType, makeHeader, makeHello, openMessage, readHeader, readHello, same, sealedType,
  sealMessage, sealTo, encSize, idBytes, ivBytes,
  type Header,
} from "./formats";
import type { Content } from "../session/state";
import type { Bytes } from "./kdf";
import type { From, Job, Own, OwnKey, PageKeys, Seen, Slot, Theirs } from "./state";
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
/** How many variants that do not open are too many. */
const mostUnopened = 16;

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

/** The other may have no key of this page that lives: a hello is due. */
export const mustGreet = ({ peer, hello, own }: PageKeys): boolean =>
  !!peer && !hello && (!own?.key || !own.to || !same(own.to.page, peer.page));

/** One's own sealed message waits under a key that the other's page does not have any more. */
export const mustSealAnew = ({ peer, own, slot, job }: PageKeys): boolean =>
  !!peer && !job && !!slot?.mine && !!own?.open && !own.left && same(own.iv, slot.iv) && !!own.to &&
  (!same(own.to.page, peer.page) || (own.to.hello && !same(own.to.id, peer.id)));

/** The other's hello. */
export const hear = async (s: PageKeys, bytes: Bytes): Promise<{ keys: PageKeys; notices: Notice[] }> => {
  const hello = await readHello(s.life, bytes);
  if (!hello || same(hello.sender, s.sender) || (s.peer && !same(hello.sender, s.peer.sender))) throw new Fault();
  const anew = !!s.peer && !same(s.peer.page, hello.page);
  return { keys: { ...s, peer: { ...hello, id: await keyId(hello.pk) } }, notices: anew ? ["openedAnew"] : [] };
};

/** A key of the other's that something can be sealed to. */
type Target = From & { readonly pk: Bytes };

const onChain = async ({ theirs, peer }: PageKeys): Promise<Target | null> =>
  theirs?.c && (!peer || same(theirs.page, peer.page))
    ? { pk: theirs.pk, id: await keyId(theirs.pk), c: theirs.c.slice(), page: theirs.page, hello: false }
    : null;

const byHello = ({ peer, life }: PageKeys): Target | null =>
  peer && { pk: peer.pk, id: peer.id, c: life.slice(), page: peer.page, hello: true };

/** Something can be sealed to the other's page. */
export const canSeal = ({ theirs, peer }: PageKeys): boolean => !!peer || !!theirs?.c;

export interface Order {
  readonly nonce: string;
  /** Changes one's own message in the slot, instead of answering what is there. */
  readonly edit: boolean;
  readonly text: Content;
  readonly empty: boolean;
  /** By the card alone, for somebody absent. */
  readonly leave: boolean;
  /** The key that is in use does not do any more. */
  readonly anew: boolean;
  /** Only if the message in the slot is this page's. */
  readonly quiet: boolean;
  /** Seconds since 1970. */
  readonly sent: number;
}

export interface SealedJob {
  readonly keys: PageKeys;
  readonly message: Bytes;
  readonly iv: Bytes;
  readonly left: boolean;
  readonly notices: Notice[];
}

/**
 * Seals a message or an edit. Undefined if there is no key for it, no message
 * of one's own to edit, or if the text is too long.
 */
export const seal = async (suite: Suite, s: PageKeys, order: Order): Promise<SealedJob | undefined> => {
  const { edit } = order;
  const { slot, own } = s;
  if (s.job || (edit ? !slot?.mine : slot?.mine)) return undefined;
  const current = edit && own?.open && slot && same(own.iv, slot.iv) ? own : null;
  if (order.quiet && !current) return undefined;
  // What was not opened was not seen, so it is not answered either.
  const ack = current ? current.ack : !edit && slot && s.theirs ? slot.iv.slice(0, idBytes) : none;
  // What is put under another lock by itself is what this page knows it to say.
  const { empty, text } = order.quiet && current ? current : order;
  const said = { iv: suite.random(ivBytes), text: empty ? "" : text, empty, ack, sent: current?.sent ?? order.sent };
  // What was left stays left: the other's page may have no key any more that a new header could name.
  const kept = current?.open && !order.anew && (current.left || !order.leave) ? { ...current, ...said } : null;
  const next = kept ?? (await newOwn(suite, s, order, current, said));
  if (!next?.open) return undefined;
  const message = await sealMessage(next.open.k, said.iv, next.open.header, said);
  if (!message) return undefined;
  const { from } = next.open;
  const anew = !!own && !kept && (!from || (from.hello && !(edit && order.leave)));
  const job: Job = { nonce: order.nonce, edit, target: slot?.id ?? "", own: next };
  return { keys: { ...s, job }, message, iv: said.iv, left: next.left, notices: anew ? ["keysAnew"] : [] };
};

type Said = Pick<Own, "iv" | "text" | "empty" | "ack" | "sent">;

const newOwn = async (suite: Suite, s: PageKeys, { edit, leave }: Order, current: Own | null, said: Said): Promise<Own | undefined> => {
  const { seed, pk, id } = await newKey(suite);
  if (leave) {
    // A sealed message that is left goes on from where it did, so that the chain stays.
    const before = current?.open?.from;
    const from: From | null = edit ? (before ? { ...before, c: before.c.slice() } : null) : await onChain(s);
    const header = makeHeader(leftType, s.page, from?.id ?? none, new Uint8Array(encSize), pk);
    const c = await leftChain(from?.c ?? s.life, s.sender, header);
    const k = await leftKey(s.life, s.sender, header);
    return { ...said, key: { id, seed, c }, open: { header, k, from }, to: from, left: true };
  }
  const to = (await onChain(s)) ?? byHello(s);
  if (!to) return undefined;
  const sealed = await sealTo(suite.kem, to, s.sender, s.page, pk, suite.random(coinBytes));
  if (!sealed) throw new Fault(); // the other's key is none
  const { header, k, c } = sealed;
  return { ...said, key: { id, seed, c }, open: { header, k, from: to }, to, left: false };
};

/** Nothing goes on from it any more, and nothing of it opens. That it was there stays known. */
const spent = (own: Own | null): Own | null => own && { ...own, key: null, open: null, to: null };

/** The relay has taken the job. `id` is the message's. */
export const accept = (s: PageKeys, nonce: string, id: string): { keys: PageKeys; notices: Notice[] } => {
  if (s.job?.nonce !== nonce) return { keys: s, notices: [] };
  const { job, slot } = s;
  const keys = accepted(s, job);
  if ((slot?.id ?? "") === job.target) {
    const { iv } = job.own;
    const now: Slot = { id: job.edit ? job.target : id, iv, mine: true, variant: "", seen: seenOf(job.own) };
    return { keys: { ...keys, slot: now, theirs: null }, notices: [] };
  }
  // It was answered, by something that does not go on from it.
  const own = keys.own && spent(keys.own);
  return { keys: { ...keys, own }, notices: own && keys.theirs && !saw(own, keys.theirs.ack) ? ["unseen"] : [] };
};

/** Whether this is what an answer to this very variant says. */
const saw = (own: Own, ack: Bytes): boolean => same(ack, own.iv.subarray(0, idBytes));

const accepted = (s: PageKeys, job: Job): PageKeys => ({ ...s, own: job.own, job: null, ...(!job.edit && { hello: null }) });

/** The relay refused the job. `gone`: one's own message is not there any more, and the answer is on its way. */
export const drop = (s: PageKeys, nonce: string, gone = false): PageKeys =>
  s.job?.nonce === nonce ? { ...s, job: null, own: gone && s.own ? { ...s.own, open: null } : s.own } : s;

/** A message as the relay has it in the slot. */
export interface Stored {
  readonly id: string;
  readonly sender: Bytes;
  readonly iv: Bytes;
  readonly message: Bytes;
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

const closed = (own: Own | null): Own | null => own && { ...own, open: null };

/** What is in the slot now. `joining`: as a join tells, so that something may have been missed. */
export const take = async (suite: Suite, s: PageKeys, stored: Stored | null, joining: boolean): Promise<Taken> => {
  const quiet = { accepted: "", late: "", notices: [] };
  if (!stored) return { keys: { ...s, slot: null, theirs: null, own: closed(s.own) }, seen: null, ...quiet };
  const header = readHeader(stored.message);
  if (!header || stored.iv.length !== ivBytes) throw new Fault();
  const mine = same(stored.sender, s.sender);
  if (!mine && s.peer && !same(stored.sender, s.peer.sender)) throw new Fault();
  const variant = [...stored.iv, ...(await keyId(header.bytes))].join();
  const { slot } = s;
  if (slot?.id === stored.id && slot.mine === mine && slot.variant === variant) return { keys: s, seen: slot.seen, ...quiet };
  const now: Slot = { id: stored.id, iv: stored.iv, mine, variant, seen: null };
  const known = s.tried.has(variant);
  const tried = { ...s, tried: new Set([...s.tried, variant]) };
  const taken = await (mine ? takeOwn(tried, stored, header, now) : takeTheirs(suite, tried, stored, header, known, joining));
  return { ...taken, keys: { ...taken.keys, slot: { ...now, seen: taken.seen } } };
};

const isOf = (own: Own | null | undefined, header: Header): own is Own & { open: NonNullable<Own["open"]> } =>
  !!own?.open && same(own.open.header.bytes, header.bytes);

/** What is seen of what can be opened. */
const seenOf = ({ empty, text, left }: Pick<Own, "empty" | "text" | "left">, sent = 0): Seen => ({ kind: empty ? "empty" : "text", text, left, sent });

const takeOwn = async (s: PageKeys, { iv, message }: Stored, header: Header, slot: Slot): Promise<Taken> => {
  const { job, own } = s;
  if (isOf(job?.own, header) && same(job.own.iv, iv)) {
    const keys = { ...accepted({ ...s, slot }, job), theirs: null };
    return { keys, seen: seenOf(job.own), accepted: job.nonce, late: "", notices: [] };
  }
  const quiet = { accepted: "", late: "", notices: [] };
  if (isOf(own, header)) {
    if (same(own.iv, iv)) return { keys: { ...s, theirs: null }, seen: seenOf(own), ...quiet };
    // An edit of this page whose answer was lost, and that was given up since.
    const body = await openMessage(own.open.k, iv, header, message);
    if (!body) throw new Fault();
    const now = { ...own, iv, text: body.text, empty: body.empty };
    return { keys: { ...s, own: now, theirs: null }, seen: seenOf(now), ...quiet };
  }
  // From another page of this seat, which has answered: what this page has opens
  // what was replaced, and an edit under way would undo that page's words.
  const left = header.type === leftType;
  const body = left ? await openMessage(await leftKey(s.life, s.sender, header), iv, header, message) : undefined;
  if (left && !body) throw new Fault();
  const late = job?.edit ? job.nonce : "";
  return {
    keys: { ...s, own: spent(own), hello: null, theirs: null, job: late ? null : job },
    seen: { kind: "elsewhere", text: body?.text ?? null, left, sent: body?.sent ?? 0 },
    accepted: "", late, notices: [],
  };
};

const takeTheirs = async (suite: Suite, before: PageKeys, stored: Stored, header: Header, known: boolean, joining: boolean): Promise<Taken> => {
  let s = before;
  const { iv, message } = stored;
  let accepts = "";
  const { job } = s;
  if (job?.own.key && job.own.key !== s.own?.key && same(job.own.key.id, header.to)) {
    s = accepted(s, job);
    accepts = job.nonce;
  }
  // What was replaced can't be opened again.
  s = { ...s, own: closed(s.own) };
  const again = s.theirs && same(s.theirs.header.bytes, header.bytes) ? s.theirs : null;
  const opened = known ? null : await unlock(suite, s, stored.sender, header, again);
  const body = opened && (await openMessage(opened.k, iv, header, message));
  if (opened && !body) throw new Fault();
  if (!opened && s.unopened + 1 >= mostUnopened) throw new Fault();

  // An edit under way was in time if they answered it, else its text is given back.
  let late = "";
  const { job: open } = s;
  if (open && body && saw(open.own, body.ack)) {
    accepts = open.nonce;
    s = accepted(s, open);
    s = { ...s, own: closed(s.own) };
  } else if (open?.edit) {
    late = open.nonce;
    s = { ...s, job: null };
  }
  // Keys that this message does not go on from only open what was replaced.
  if (!again) {
    if (s.own?.key && !same(s.own.key.id, header.to)) s = { ...s, own: spent(s.own) };
    if (joining && s.hello && !same(s.hello.id, header.to)) s = { ...s, hello: null };
  }
  const notices: Notice[] = [];
  if (!opened || !body) {
    const seen: Seen = { kind: "locked", text: null, left: false, sent: 0 };
    return { keys: { ...s, theirs: null, unopened: s.unopened + 1 }, seen, accepted: accepts, late, notices };
  }
  const theirs: Theirs = { page: header.page, pk: header.next, c: opened.c, k: opened.k, header, ack: body.ack };
  if (s.own && opened.anew) notices.push("keysAnew");
  // While a message is under way nobody can say yet which is the last one.
  if (s.own && !s.job && !again && !saw(s.own, body.ack)) notices.push("unseen");
  const seen = seenOf({ ...body, left: header.type === leftType }, body.sent);
  return { keys: { ...s, theirs }, seen, accepted: accepts, late, notices };
};

interface Unlocked {
  readonly c: Bytes | null;
  readonly k: Bytes;
  /** It goes on from no message of one's own: anybody with the code could have written it. */
  readonly anew: boolean;
}

/** Keys of the other's message; null if it is locked. */
const unlock = async ({ kem }: Suite, s: PageKeys, sender: Bytes, header: Header, again: Theirs | null): Promise<Unlocked | null> => {
  if (again) return { c: again.c, k: again.k, anew: false };
  const key = [s.own?.key, s.hello].find((one): one is OwnKey => !!one && same(one.id, header.to));
  const anew = !key || key === s.hello;
  if (header.type === sealedType) {
    const keys = key && (await keysOf(kem, key.seed, key.c, sender, header));
    if (key && !keys) throw new Fault();
    return keys ? { ...keys, anew } : null;
  }
  const free = same(header.to, none);
  const k = await leftKey(s.life, sender, header);
  return { c: key || free ? await leftChain(key?.c ?? s.life, sender, header) : null, k, anew };
};

/** The digits to compare for the sealed message that both see; empty if there is none. */
export const compare = async ({ slot, own, theirs }: PageKeys): Promise<string> => {
  const c = slot?.mine
    ? own?.open && !own.left && same(own.iv, slot.iv) ? own.key?.c : null
    : theirs?.header.type === sealedType ? theirs.c : null;
  return c ? checkDigits(c) : "";
};
