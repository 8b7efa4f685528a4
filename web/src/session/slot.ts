// The slot and what is done to it: the message that is there, and the one
// thing under way with a message of one's own.

import type { Data } from "../engine";
import { string, time } from "./frames";
import type { Job, Say, Slot, State } from "./state";
import { ask, doing, say, tell, type Step } from "./step";

// What only looks takes a State, what changes takes a Step.

/** The message as the relay has it: one that a restart left in this tab is not there. */
const onRelay = ({ slot }: State): Slot | null => (slot?.gone ? null : slot);

/** One's own message lies unread: it can be edited and deleted. One's own is never left behind by a restart. */
export const canChange = (s: State): boolean => !!s.slot?.mine && !s.slot.read && !s.job && !s.wiping;

/** It is one's own turn to write. */
export const canWrite = (s: State): boolean => !!s.editing || !onRelay(s)?.mine;

/** The other's message was looked at; what nobody has looked at must not be replaced. */
const wasSeen = (s: State): boolean => {
  const slot = onRelay(s);
  return !slot || slot.read || slot.text === null || s.seen === slot.id;
};

/** Takes over the message of a join's answer or of a broadcast; `data` has no id if there is none. */
export const take = (s: Step, data: Data): void => {
  const id = string(data.id);
  const sender = string(data.sender_hash);
  const iv = string(data.iv);
  if (s.editing && s.editing !== id && !s.job) {
    abandonEdit(s);
    // The other's message in its place is the answer to it.
    say(s, id && sender !== s.author ? "alreadyRead" : "goneMessage");
  }
  if (!id) {
    if (onRelay(s)) s.slot = null;
    return;
  }
  outdated(s, id, iv);
  const mine = sender === s.author;
  if (!mine) s.other ||= sender;
  s.slot = {
    id,
    mine,
    iv,
    text: reveal(s, data),
    at: time(data.inserted_at),
    read: string(data.read_at) !== "",
    gone: false,
    stranger: !mine && s.other !== sender,
  };
};

/** The slot's message has a new text. */
export const edited = (s: Step, data: Data): void => {
  const { slot } = s;
  outdated(s, string(data.message_id), string(data.iv));
  if (slot?.id === string(data.message_id)) s.slot = { ...slot, iv: string(data.iv), text: reveal(s, data) };
};

/**
 * Gives up an edit that waits to be sent if the message was edited meanwhile, by
 * another device: the older text must not replace the newer one. An edit that is
 * on its way is left to the relay's order.
 */
const outdated = (s: Step, id: string, iv: string): void => {
  const { job } = s;
  if (job?.kind !== "edit" || job.ref || job.target !== id || iv === job.over || iv === job.sealed?.iv) return;
  s.job = null;
  abandonEdit(s);
  say(s, "stale");
};

/** The text of a ciphertext, or undefined until it is opened. One that is there is not opened again. */
const reveal = (s: Step, data: Data): string | null | undefined => {
  const sealed = { ciphertext: string(data.ciphertext), iv: string(data.iv) };
  const { job } = s;
  if (job?.sealed?.iv === sealed.iv) {
    // Seeing one's own ciphertext is as good as the acknowledgement, which may be lost.
    accepted(s, job);
    return job.text;
  }
  const before = onRelay(s);
  if (before?.iv === sealed.iv) return before.text;
  doing(s, { do: "open", sealed });
  return undefined;
};

export const deleted = (s: Step, id: string): void => {
  if (s.slot?.id === id) take(s, {});
};

export const opened = (s: Step, iv: string, text: string | null): void => {
  const { slot } = s;
  if (slot?.iv === iv && slot.text === undefined) s.slot = { ...slot, text };
};

export const read = (s: Step, id: string): void => {
  const { slot } = s;
  if (slot?.id === id) s.slot = { ...slot, read: true };
};

/** Starts to send the composer's text, as a new message or as an edit. */
export const send = (s: Step, nonce: string): void => {
  if (s.job || !s.draft.trim() || s.phase !== "in" || s.wiping || !canWrite(s)) return;
  s.notice = null;
  // A message that came in while the finger was on its way to the button.
  if (!s.editing && !wasSeen(s)) {
    say(s, "stale");
    return;
  }
  const target = s.editing || (onRelay(s)?.id ?? null);
  s.job = { kind: s.editing ? "edit" : "send", nonce, text: s.draft, target, over: onRelay(s)?.iv ?? "", sealed: null, ref: "", again: false };
  doing(s, { do: "seal", nonce, text: s.draft });
};

export const remove = (s: Step, nonce: string): void => {
  if (!canChange(s) || !s.slot) return;
  stopEditing(s);
  s.notice = null;
  s.job = { kind: "delete", nonce, text: "", target: s.slot.id, over: "", sealed: null, ref: "", again: false };
};

export const edit = (s: Step): void => {
  if (!canChange(s) || s.editing || !s.slot?.text) return;
  s.editing = s.slot.id;
  s.aside = s.draft;
  s.draft = s.slot.text;
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

/** Sends the job's frame unless it went out on this socket already. */
export const work = (s: Step): void => {
  const { job } = s;
  if (!job || job.ref || s.link !== "joined" || (job.kind !== "delete" && !job.sealed)) return;
  const data = {
    send: { ...job.sealed, nonce: job.nonce, replaces: job.target },
    edit: { ...job.sealed, message_id: job.target },
    delete: { message_id: job.target },
  }[job.kind];
  s.job = { ...job, ref: ask(s, job.kind + "_message", data) };
};

/** The relay has it. */
const accepted = (s: Step, job: Job): void => {
  s.job = null;
  if (job.kind === "send") s.draft = "";
  if (job.kind === "edit") stopEditing(s);
};

/** The relay's answer, which may come before the broadcast; the text must not be nowhere in between. */
export const acknowledged = (s: Step, job: Job, data: Data): void => {
  accepted(s, job);
  const slot = onRelay(s);
  const { kind, text, target } = job;
  const iv = job.sealed?.iv ?? "";
  // An empty slot that gets a repeat: perhaps the message came and went long ago.
  if ((slot?.id ?? null) !== target || (!target && job.again)) return;
  if (kind === "send") {
    const id = string(data.message_id);
    s.slot = { id, mine: true, iv, text, at: s.at + s.skew, read: false, gone: false, stranger: false };
  } else s.slot = kind === "edit" && slot ? { ...slot, iv, text } : null;
};

/** The relay said no to the job. The text stays in the composer. */
export const refused = (s: Step, job: Job, reason: string): void => {
  s.job = null;
  // What is not there any more is as good as deleted.
  if (job.kind === "delete" && reason === "not_found") return;
  if (job.kind === "edit") abandonEdit(s);
  const slot = onRelay(s);
  // Answered means read, and the edit may well have been what was answered.
  const answered = job.kind === "edit" && slot && !slot.mine;
  const words = new Map<string, Say>([
    ["stale", "stale"],
    ["not_your_turn", "stale"],
    ["not_found", answered ? "alreadyRead" : "goneMessage"],
    ["not_editable", "alreadyRead"],
    ["not_deletable", "alreadyRead"],
    ["message_too_large", "tooLongRelay"],
  ]);
  say(s, words.get(reason) ?? "failed");
};

/** How long a message must be looked at to count as read, in ms. */
const glance = 500;

/** Watches over looking: arms the timer, and reports when it has run. */
export const watch = (s: Step): void => {
  const slot = onRelay(s);
  const looking = s.attention && slot && !slot.mine && typeof slot.text === "string" && s.seen !== slot.id;
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
