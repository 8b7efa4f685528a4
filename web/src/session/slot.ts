// The slot and what is done to it: the message that is there, and the one
// thing under way with a message of one's own.

import { string, time, type Data } from "./frames";
import { howTo, mustWait } from "./lock";
import type { Content, Event, Job, Say, Slot, State } from "./state";
import { ask, doing, isAway, say, tell, type Step } from "./step";
import { handedOver, isVoice } from "./voice";

// What only looks takes a State, what changes takes a Step.

/** The message as the relay has it: one that a restart left in this tab is not there. */
const onRelay = ({ slot }: State): Slot | null => (slot?.gone ? null : slot);

/** One's own message lies unread: it can be edited and deleted. One's own is never left behind by a restart. */
export const canChange = (s: State): boolean => !!s.slot?.mine && !s.slot.read && (!s.job || !!s.job.quiet) && !s.wiping;

/** The same, and it is a text. */
export const canEdit = (s: State): boolean =>
  canChange(s) && !isVoice(s.slot?.text) && (!!s.slot?.text || s.slot?.lock === "elsewhere");

/** It is one's own turn to write. */
export const canWrite = (s: State): boolean => !!s.editing || !onRelay(s)?.mine || mayRewrite(s);

/** One's own message was deleted, which in sotto-2 leaves an empty one that the author may write into. */
const mayRewrite = ({ slot }: State): boolean => !!slot?.mine && !!slot.empty && !slot.read;

/** The other's message was looked at; what nobody has looked at must not be replaced. */
const wasSeen = (s: State): boolean => {
  const slot = onRelay(s);
  return !slot || slot.mine || slot.read || slot.text === null || !!slot.empty || s.seen === slot.id;
};

/** There is nothing to send a text by. */
export const isCut = ({ link, blind, greeted }: State): boolean => link !== "joined" || (!!blind && !greeted);

/** A text that was sent is still here whole, and can be taken back. */
export const isQueued = (s: State): boolean =>
  !!s.job && !s.job.quiet && s.job.kind !== "delete" && !s.job.ref && !s.job.again && isCut(s);

/** Takes a queued text back into the composer. */
export const withdraw = (s: Step): void => {
  if (s.blind && s.job) doing(s, { do: "drop", nonce: s.job.nonce, gone: false });
  s.job = null;
};

/** Takes over the message of a join's answer (`joining`) or of a broadcast; `data` has no id if there is none. */
export const take = (s: Step, data: Data, joining = false): void => {
  const id = string(data.id);
  const sender = string(data.sender_hash);
  const iv = string(data.iv);
  if (s.editing && s.editing !== id && !s.job) {
    abandonEdit(s);
    // The other's message in its place is the answer to it.
    say(s, id && sender !== s.author ? "alreadyRead" : "goneMessage");
  }
  if (id && string(data.read_at)) endEdit(s, id);
  // Life goes on: that is to be read only as long as nothing else is.
  if (id && !joining && id !== s.slot?.id && s.notice?.say === "restarted" && !isAway(s)) s.notice = null;
  if (!id) {
    if (s.blind) doing(s, { do: "take", message: null, joining });
    if (onRelay(s)) s.slot = null;
    return;
  }
  outdated(s, id, iv);
  const mine = sender === s.author;
  if (!mine) s.other ||= sender;
  const before = onRelay(s);
  const { lock, empty, sent } = before?.iv === iv && before.mine === mine ? before : {};
  s.slot = {
    id,
    mine,
    iv,
    text: reveal(s, data, joining),
    at: time(data.inserted_at),
    read: string(data.read_at) !== "",
    gone: false,
    stranger: !mine && s.other !== sender,
    ...(s.blind && { lock: lock ?? null, empty: !!empty, sent: sent ?? 0 }),
  };
};

/** The slot's message has a new text. */
export const edited = (s: Step, data: Data): void => {
  const { slot } = s;
  outdated(s, string(data.message_id), string(data.iv));
  if (slot?.id !== string(data.message_id)) return;
  const text = reveal(s, { ...data, id: slot.id, sender_hash: slot.mine ? s.author : s.other }, false);
  s.slot = { ...slot, iv: string(data.iv), text, ...(s.blind && { lock: text === undefined ? null : (slot.lock ?? null), empty: text === "" }) };
};

/**
 * Gives up an edit that waits to be sent if the message was edited meanwhile, by
 * another device: the older text must not replace the newer one. An edit that is
 * on its way is left to the relay's order.
 */
const outdated = (s: Step, id: string, iv: string): void => {
  const { job } = s;
  if (job?.kind !== "edit" || job.ref || job.target !== id || iv === job.targetIv || iv === job.sealed?.iv) return;
  s.job = null;
  if (s.blind) doing(s, { do: "drop", nonce: job.nonce, gone: false });
  if (job.quiet) return;
  abandonEdit(s);
  say(s, "elsewhereFirst");
};

/** What a ciphertext says, or undefined until it is opened. One that is there is not opened again. */
const reveal = (s: Step, data: Data, joining: boolean): Content | null | undefined => {
  const sealed = { ciphertext: string(data.ciphertext), iv: string(data.iv) };
  const mine = string(data.sender_hash) === s.author;
  const { job } = s;
  if (s.blind) doing(s, { do: "take", message: data, joining });
  // What is known by its iv is known as the one's who wrote it: a relay may say otherwise.
  if (mine && job?.sealed?.iv === sealed.iv) {
    // Seeing one's own ciphertext is as good as the acknowledgement, which may be lost.
    accepted(s, job);
    return job.text;
  }
  const before = onRelay(s);
  if (before?.iv === sealed.iv && before.mine === mine) return before.text;
  if (!s.blind) doing(s, { do: "open", sealed });
  return undefined;
};

export const deleted = (s: Step, id: string): void => {
  if (s.slot?.id === id) take(s, {});
};

export const opened = (s: Step, { iv, text, ...how }: Extract<Event, { type: "opened" }>): void => {
  const { slot } = s;
  if (slot?.iv !== iv || slot.gone) return;
  s.slot = { ...slot, ...(how.lock && how), text: how.lock || slot.text === undefined ? text : slot.text };
  if (how.lock !== "locked") s.lockedAt = 0;
  else s.lockedAt ||= s.at;
};

export const read = (s: Step, id: string): void => {
  const { slot } = s;
  if (slot?.id !== id) return;
  s.slot = { ...slot, read: true };
  endEdit(s, id);
};

/** What was read can't be edited any more. An edit that is on its way is left to the relay's answer. */
const endEdit = (s: Step, id: string): void => {
  if (s.editing !== id || s.job) return;
  abandonEdit(s);
  say(s, "alreadyRead");
};

/** Starts to send what is in the composer, as a new message or as an edit. A recording goes before the draft. */
export const send = (s: Step, nonce: string): void => {
  if (s.job?.quiet) s.next = { kind: "send", nonce };
  const text = s.editing ? s.draft : (s.voice ?? s.draft);
  if (s.job || !(isVoice(text) || text.trim()) || s.phase !== "in" || s.wiping || !canWrite(s) || mustWait(s)) return;
  s.notice = null;
  // A message that came in while the finger was on its way to the button.
  if (!s.editing && !wasSeen(s)) {
    say(s, "unread");
    return;
  }
  const kind = s.editing || mayRewrite(s) ? "edit" : "send";
  const slot = onRelay(s);
  s.job = { kind, nonce, text, target: s.editing || (slot?.id ?? null), sealed: null, ref: "", again: false, targetIv: slot?.iv ?? "" };
  if (!s.blind) doing(s, { do: "seal", nonce, text });
};

export const remove = (s: Step, nonce: string): void => {
  if (!canChange(s) || !s.slot) return;
  if (s.job) {
    s.next = { kind: "delete", nonce };
    return;
  }
  stopEditing(s);
  s.notice = null;
  s.job = { kind: "delete", nonce, text: "", target: s.slot.id, sealed: null, ref: "", again: false };
};

export const edit = (s: Step): void => {
  const { slot, draft } = s;
  if (!canEdit(s) || s.editing || !slot || isVoice(slot.text)) return;
  s.editing = slot.id;
  s.aside = draft;
  s.draft = slot.text ?? "";
};

/** Ends editing; the draft of before comes back. */
export const stopEditing = (s: Step): void => {
  if (!s.editing) return;
  s.editing = "";
  s.draft = s.aside;
  s.aside = "";
};

/** Ends an edit that can't be made any more. What was written stays, above the draft of before. */
export const abandonEdit = (s: Step): void => {
  s.draft = lines(s.draft, s.aside);
  s.editing = s.aside = "";
};

/** Both texts, one above the other. */
export const lines = (...texts: string[]): string => texts.filter(Boolean).join("\n");

/**
 * Has the job's text sealed, or left: which, is known only when both pages have
 * said hello. It answers what was seen when it was written, or comes back.
 */
const lockUp = (s: Step, job: Job): void => {
  if (!s.greeted || job.asked) return;
  const slot = onRelay(s);
  const changed = (slot?.id ?? null) !== job.target || (job.kind === "send" && (slot?.iv ?? "") !== job.targetIv);
  if (!job.quiet && (changed || mustWait(s))) {
    s.job = null;
    if (s.editing) abandonEdit(s);
    say(s, changed ? "stale" : "noKey");
    return;
  }
  s.job = { ...job, asked: true };
  doing(s, { do: "seal", nonce: job.nonce, text: job.text, how: job.how ?? howTo(s, job) });
};

/** Sends the job's frame unless it went out on this socket already. */
export const work = (s: Step): void => {
  const { job } = s;
  if (!job || job.ref || s.link !== "joined") return;
  if (s.blind && !job.sealed) {
    lockUp(s, job);
    return;
  }
  // In sotto-2 a deletion is an edit: the slot stays its author's.
  const kind = s.blind && job.kind === "delete" ? "edit" : job.kind;
  if ((kind !== "delete" && !job.sealed) || (s.blind && !s.greeted)) return;
  const data = {
    send: { ...job.sealed, nonce: job.nonce, replaces: job.target, ...(s.blind && job.target && { replaces_iv: job.targetIv }) },
    edit: { ...job.sealed, message_id: job.target },
    delete: { message_id: job.target },
  }[kind];
  s.job = { ...job, ref: ask(s, kind + "_message", data) };
};

/** The relay has it. */
export const accepted = (s: Step, job: Job): void => {
  s.job = null;
  if (job.quiet) return;
  if (isVoice(job.text)) handedOver(s, job);
  else if (job.kind === "edit" && s.editing) stopEditing(s);
  else if (job.kind !== "delete") s.draft = "";
};

/** The relay's answer, which may come before the broadcast; the text must not be nowhere in between. */
export const acknowledged = (s: Step, job: Job, data: Data): void => {
  accepted(s, job);
  if (s.blind) doing(s, { do: "accept", nonce: job.nonce, id: string(data.message_id) });
  const slot = onRelay(s);
  const { kind, text, target } = job;
  const iv = job.sealed?.iv ?? "";
  // An empty slot that gets a repeat: perhaps the message came and went long ago.
  if ((slot?.id ?? null) !== target || (!target && job.again)) return;
  if (kind === "send") {
    const id = string(data.message_id);
    s.slot = { id, mine: true, iv, text, at: s.at + s.skew, read: false, gone: false, stranger: false };
  } else if (s.blind && slot) s.slot = { ...slot, iv, text, empty: kind === "delete" };
  else s.slot = kind === "edit" && slot ? { ...slot, iv, text } : null;
};

/** The relay said no to the job. What was written or recorded stays in the composer. */
export const refused = (s: Step, job: Job, reason: string): void => {
  s.job = null;
  if (s.blind) doing(s, { do: "drop", nonce: job.nonce, gone: reason === "not_found" });
  if (job.quiet) return;
  // What is not there any more is as good as deleted.
  if (job.kind === "delete" && reason === "not_found") return;
  if (s.editing) abandonEdit(s);
  const slot = onRelay(s);
  // What is in the slot tells what came before it: a page of one's own, or the other's answer.
  const theirs = !!slot && !slot.mine;
  const words = new Map<string, Say>([
    ["stale", "stale"],
    ["not_your_turn", slot?.mine ? "elsewhereFirst" : "stale"],
    // It went out before, and what it changed was answered since: seen or not, nobody can say.
    ["not_found", job.again && job.kind === "edit" ? "answered" : theirs ? "alreadyRead" : "goneMessage"],
    ["not_editable", "alreadyRead"],
    ["not_deletable", "alreadyRead"],
    ["message_too_large", "tooLongRelay"],
    ["rate_limited", "busy"],
  ]);
  say(s, words.get(reason) ?? "failed");
};

/** How long a message must be looked at to count as read, in ms. */
const glance = 500;

/** Watches over looking: arms the timer, and reports when it has run. */
export const watch = (s: Step): void => {
  const slot = onRelay(s);
  const looking = s.attention && s.cover.kind === "none" && slot && !slot.mine && (slot.text ?? null) !== null && !slot.empty && s.seen !== slot.id;
  s.seenAt = looking ? s.seenAt || s.at + glance : 0;
  if (!looking || s.at < s.seenAt) return;
  s.seen = slot.id;
  s.seenAt = 0;
  receipt(s);
};

/** Says that the other's message was read, if it was and the relay does not know. */
export const receipt = (s: Step): void => {
  const slot = onRelay(s);
  if (!slot || slot.mine || slot.read || s.seen !== slot.id || s.link !== "joined") return;
  tell(s, "read_receipt", { message_id: slot.id });
};
