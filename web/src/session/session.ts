// The session: a pure state machine. It has no clock, no socket, no keys and
// no DOM. A step takes the state, what happened and when, and gives the new
// state, with what is to be done in it. Time is in ms since 1970.

import { arrive, hide, hideDue } from "./first";
import { number, string, time, type Frame } from "./frames";
import { greeting, hear, keysSay, lockPatience, quiet, unseal } from "./keys";
import { remember } from "./past";
import { ring } from "./ring";
import { again, check, down, ended, join, joined, pushGate, refusedJoin, wipe } from "./room";
import {
  acknowledged, canWrite, deleted, edit, edited, isCut, isQueued, opened, read, refused, remove, send, stopEditing, take, watch, withdraw, work,
} from "./slot";
import type { Event, State } from "./state";
import { overdue, recorded, takeBack, watchVoice } from "./voice";
import { dial, end, hangup, isAway, patience, reset, say, soon, tell, type Step } from "./step";

const typingEvery = 3000;
const typingLasts = 5000;
const hour = 3_600_000;

export const step = (before: State, event: Event, at: number): State => {
  const s: Step = { ...before, at, commands: [] };
  happen(s, event);
  settle(s);
  remember(s, before);
  ring(s, before);
  return s;
};

const happen = (s: Step, event: Event): void => {
  switch (event.type) {
    case "start":
      hangup(s);
      reset(s);
      Object.assign(s, event.who);
      s.phase = "opening";
      dial(s);
      break;
    case "draft":
      if (isQueued(s)) withdraw(s);
      if (s.job && !s.job.quiet) break;
      // What was to go after a quiet job has not gone: it is taken back, too.
      if (s.next?.kind === "send") s.next = null;
      s.draft = event.text;
      s.notice = null;
      if (s.link === "joined" && !s.blind && !s.awaiting && event.text && s.at - s.typedAt >= typingEvery && canWrite(s)) {
        s.typedAt = s.at;
        tell(s, "typing", {});
      }
      break;
    case "send":
      send(s, event.nonce);
      break;
    case "voice":
      recorded(s, event.voice);
      break;
    case "edit":
      edit(s);
      break;
    case "cancel":
      if (isQueued(s)) withdraw(s);
      else if (s.job) takeBack(s, s.job);
      else stopEditing(s);
      break;
    case "delete":
      remove(s, event.nonce);
      break;
    case "regate":
      if (s.phase === "in" && s.awaiting) s.regate = { code: event.code, gate: event.gate, ref: "" };
      break;
    case "again":
      again(s, event);
      break;
    case "wipe":
      wipe(s);
      break;
    case "retry":
      if (s.phase === "in" && s.link === "down") {
        s.dialAt = soon(s);
        s.notice = null;
      }
      check(s);
      break;
    case "keep":
      s.keep = event.count;
      break;
    case "strict":
      s.strict = event.on;
      break;
    case "let wait":
      quiet(s, true);
      break;
    case "net":
      arrive(s, event);
      check(s);
      break;
    case "check":
      check(s);
      break;
    case "tick":
      break;
    case "up":
      if (s.link === "dialing") join(s);
      break;
    case "down":
      down(s, event.code, event.luck);
      break;
    case "frame":
      frame(s, event.frame);
      break;
    case "sealed":
      if (s.job?.nonce !== event.nonce) break;
      if (event.sealed) s.job = { ...s.job, sealed: event.sealed };
      else unseal(s, s.job);
      break;
    case "opened":
      opened(s, event);
      break;
    case "hello":
      greeting(s, event.hello);
      break;
    case "keys":
      keysSay(s, event);
      break;
    case "fault":
      end(s, "fault");
      break;
    default:
      arrive(s, event);
  }
};

const frame = (s: Step, { ref, event, data, error }: Frame): void => {
  if (s.link !== "joining" && s.link !== "joined") return;
  // The socket is alive: whatever is still open gets its time anew.
  if (s.answerBy) s.answerBy = s.at + patience.answer;
  if (event) broadcast(s, event, data);
  else if (!ref) return;
  else if (error?.reason === "not_joined") redial(s);
  else if (ref === s.joinRef) {
    s.joinRef = "";
    if (error) refusedJoin(s, error);
    else joined(s, data);
  } else if (ref === s.helloRef) {
    if (error) redial(s);
    else hear(s, data, true);
  } else if (ref === s.job?.ref) {
    if (error) refused(s, s.job, string(error.reason));
    else acknowledged(s, s.job, data);
  } else if (ref === s.regate?.ref) {
    if (!error) {
      s.code = s.regate.code;
      s.gate = s.regate.gate;
    }
    s.regate = null;
  }
};

const broadcast = (s: Step, event: string, data: Frame["data"]): void => {
  if (s.link !== "joined") return;
  const id = string(data.message_id);
  switch (event) {
    case "new_message":
      s.typingUntil = 0;
      take(s, data);
      tellTime(s, data.inserted_at);
      break;
    case "message_edited":
      edited(s, data);
      break;
    case "message_deleted":
      deleted(s, id);
      break;
    case "message_read":
      read(s, id);
      tellTime(s, data.read_at);
      break;
    case "hello":
      hear(s, data, false);
      break;
    case "counterparty_typing":
      s.typingUntil = s.at + typingLasts;
      break;
    case "party_paired":
      s.awaiting = false;
      s.met = s.roomId;
      s.ttl = time(data.ttl_expires_at) || s.ttl;
      s.regate = null;
      break;
    case "presence":
      s.peer = data.connected === true;
      break;
    case "restarting":
      s.restartsAt = s.at + number(data.retry_after) * 1000;
      break;
    case "room_expired":
      ended(s);
  }
};

/** A broadcast is stamped when it is sent: so late is it at the relay. */
const tellTime = (s: Step, stamp: unknown): void => {
  const relay = time(stamp);
  if (relay) s.skew = relay - s.at;
};

const redial = (s: Step): void => {
  hangup(s);
  s.dialAt = soon(s);
};

/** What follows from the time and from everything that happened. */
const settle = (s: Step): void => {
  hide(s);
  // What waits for a connection does not go out while its writer can't see it.
  if (isAway(s) && isCut(s) && (isQueued(s) || s.next?.kind === "send")) {
    if (s.next) s.next = null;
    else withdraw(s);
    say(s, "notSent");
  }
  if (overdue(s)) {
    // An older relay takes no notice of a hello.
    if (s.helloRef && !s.everGreeted) end(s, "noBlind");
    else redial(s);
  }
  if (s.dialAt && s.at >= s.dialAt) dial(s);
  if (s.typingUntil <= s.at) s.typingUntil = 0;
  const { next } = s;
  if (next && !s.job) {
    s.next = null;
    if (next.kind === "delete") remove(s, next.nonce);
    else send(s, next.nonce);
  }
  if (s.takenBack && s.takenBack === s.slot?.iv && !s.job) {
    s.takenBack = "";
    remove(s, `back ${++s.frames}`);
  }
  quiet(s);
  work(s);
  pushGate(s);
  watch(s);
  watchVoice(s);
  const open = s.link !== "joined" || s.joinRef !== "" || s.wiping || !!s.job?.ref || !!s.regate?.ref || s.helloRef !== "";
  if (!open) s.answerBy = 0;
};
/** The times, in ms before its end, at which a pair is told that the room ends. */
export const warnings = [48 * hour, 12 * hour] as const;

/** When to tick next; Infinity for never. */
export const due = (s: State): number => {
  const ends = warnings.map((before) => s.ttl - s.skew - before);
  // Whatever is past was seen to in the last step.
  return Math.min(...[hideDue(s), s.dialAt, s.answerBy, s.uploadBy, s.seenAt, s.typingUntil, s.anewAt, s.lockedAt && s.lockedAt + lockPatience, ...ends].filter((when) => when > s.at), Infinity);
};
