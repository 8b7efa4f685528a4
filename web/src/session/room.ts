// Joins and what comes of them: getting into a room, back into it, and what
// to do when it is not there any more.

import { number, object, string, time, type Data } from "./frames";
import { abandonEdit, lines, receipt, refused, take } from "./slot";
import type { Event, Say, State } from "./state";
import { greet, wrongAuthor } from "./keys";
import { isVoice } from "./voice";
import { ask, dial, doing, end, hangup, patience, say, soon, unlink, type Step } from "./step";

/**
 * Joins. Only `create` and `again` may make a room: they say the pairing code
 * and no intent, which finds a room behind that code or makes it, in one step
 * of the relay. So of two tabs that start again after a restart the first makes
 * the room and the second finds it, whoever is first.
 */
export const join = (s: Step, wait?: number): void => {
  if (s.link !== "joined") s.link = "joining";
  const purpose = {
    create: { ...s.gate },
    again: { ...(s.blind ?? s.gate) },
    enter: { ...s.gate, intent: "enter" },
    own: { intent: "enter" },
    return: { intent: "return", room_id: s.roomId, ...(s.resume && { resume: s.resume }) },
  }[s.purpose];
  s.joinRef = ask(s, "join", { ...s.credentials, ...purpose, ext: 1 }, wait ?? patience.socket);
};

/** How long the room lives, in ms; negative if it should be over. */
export const timeLeft = (s: State): number => s.ttl - s.skew - s.at;

/** A good answer: the whole state of the room. */
export const joined = (s: Step, data: Data): void => {
  const awaiting = data.awaiting_party === true;
  // Somebody invited takes the open seat; if it is still open, they have the PIN
  // of the one who sits in the other. Either it is that one, whom any advice would
  // lead into the second seat, or a guest, who must see nothing of it.
  if (s.purpose === "enter" && s.gate && awaiting) {
    end(s, "whose");
    return;
  }
  // A room just made has an open seat and no message: this is another's.
  if (s.purpose === "create" && (!awaiting || data.current_message)) {
    end(s, "taken");
    return;
  }
  const roomId = string(data.room_id);
  if (s.blind && wrongAuthor(s, data)) return;
  if (roomId !== s.roomId) doing(s, { do: "unlock", answer: data });
  if (s.purpose === "own" && s.gate) {
    // What an invitation says is to work when it is shown again: the relay takes
    // it anew, as there may have been another one since.
    s.regate = awaiting ? { code: s.code, gate: s.gate, ref: "" } : null;
    s.code = "";
    s.gate = null;
  }
  s.phase = "in";
  s.purpose = "return";
  s.link = "joined";
  s.roomId = roomId;
  s.resume = string(data.resume);
  s.ttl = time(data.ttl_expires_at);
  s.awaiting = awaiting;
  if (!awaiting) s.met = roomId;
  s.tries = 0;
  s.restarted = false;
  take(s, object(data.current_message), true);
  if (s.blind) greet(s);
  receipt(s);
  if (s.wiping) wipe(s);
};

const restarting = "restarting";

/** A bad answer to a join. */
export const refusedJoin = (s: Step, error: Data): void => {
  const reason = string(error.reason);
  const wait = number(error.retry_after) * 1000;
  const until = s.at + (wait || 1_800_000);
  const unknown = reason === "unauthorized" || reason.startsWith("otp_");
  // It does not have the room and makes none. Where there are several relays
  // the room is, or will be, at one that stays.
  if (reason === restarting && !s.elsewhere) {
    hangup(s);
    dial(s, true);
    return;
  }
  if (s.phase === "opening") {
    const words = new Map<string, Say>([
      ["locked", "locked"],
      ["not_found", "nobody"],
      ["rate_limited", "busy"],
      [restarting, restarting],
      // Whoever has a pairing code is not in the room yet; anybody else should know the PIN.
      ["unauthorized", s.gate && s.purpose !== "own" ? (s.blind ? "faster" : "held") : "wrongPin"],
      ["otp_required", s.form.intent === "back" ? "notYours" : s.blind ? "askPlace" : "askRef"],
      ["otp_invalid", "wrongRef"],
    ]);
    const word = s.purpose === "create" && unknown ? "taken" : (words.get(reason) ?? "failed");
    if (word === "askRef" || word === "wrongRef") s.form = { ...s.form, askCode: true };
    end(s, word, { count: number(error.attempts_remaining), until });
    return;
  }
  if (reason === "not_found" || (reason === restarting && s.purpose === "return")) {
    gone(s);
    return;
  }
  hangup(s);
  if (reason === "locked" || reason === "rate_limited" || reason === restarting || reason === "internal_error") {
    if (reason === "locked") say(s, reason, { until });
    s.dialAt = s.at + (wait || 8000);
  } else if (s.purpose === "again" && unknown) say(s, reason === "unauthorized" ? "held" : "otherRef");
  else say(s, "closed");
};

/**
 * What both who were in a room together know of it, and nobody else does: the
 * relay's random name for it. Behind it the two meet again after a restart; the
 * invitation that once let the second one in is not enough for anybody any more.
 */
const meeting = ({ met }: State): Data | null => {
  const name = met.replaceAll("-", "");
  return /^[0-9a-f]{32}$/.test(name) ? { otp_hash: name + name } : null;
};

/** The room ended, by time or by somebody's wish. */
export const ended = (s: Step): void => {
  // What ends by itself leaves what was being written, behind the PIN.
  const text = s.editing ? lines(s.draft, s.aside) : s.draft;
  if (s.wiping) end(s, "wiped");
  else if (timeLeft(s) > aboutTime) end(s, "wipedThere");
  else if (!(text || s.voice) || s.phase !== "in") end(s, "ended");
  else {
    lose(s);
    s.slot = null;
    s.past = [];
    s.draft = text;
    hangup(s);
    say(s, "ended");
  }
};

/** So far the clocks of two machines may be apart when a room ends, in ms. */
const aboutTime = 60_000;

/** Nothing is left of the room but what is in this tab. */
const lose = (s: Step): void => {
  const gate = meeting(s);
  if (!s.blind && gate) {
    s.gate = gate;
    s.code = "";
  }
  s.editing = s.aside = "";
  s.job = s.regate = null;
  s.roomId = s.resume = "";
  s.awaiting = true;
  s.phase = "gone";
};

/** The relay does not have the room any more. What is in this tab is all there is. */
const gone = (s: Step): void => {
  if (s.wiping) {
    end(s, "wiped");
    return;
  }
  const { slot } = s;
  // What nobody has read goes back to where it was written, unless it was to be deleted.
  if (s.editing) abandonEdit(s);
  else if (slot?.mine && !slot.read && slot.text && s.job?.kind !== "delete") {
    if (isVoice(slot.text)) s.voice ??= slot.text;
    else s.draft = lines(slot.text, s.draft);
  }
  s.slot = slot && !slot.mine ? { ...slot, gone: true } : null;
  lose(s);
  // A room can also be gone because the other wiped it: it must not come back
  // by itself then. Only a relay that said that it restarts is followed.
  say(s, s.restarted ? "restarted" : "missing");
  if (s.restarted && (s.blind ?? s.gate)) {
    s.purpose = "again";
    s.link = "joining";
    join(s);
  } else hangup(s);
};

/** Starts again in phase gone. */
export const again = (s: Step, { code, gate }: Extract<Event, { type: "again" }>): void => {
  if (s.phase !== "gone" || s.link !== "down") return;
  s.purpose = "again";
  if (gate) {
    s.code = code;
    s.gate = gate;
  }
  s.notice = null;
  dial(s);
};

/** The socket closed, or never opened. */
export const down = (s: Step, code: number, luck: number): void => {
  if (s.phase === "open" || s.link === "down") return;
  unlink(s);
  if (code === 1000) {
    ended(s);
    return;
  }
  if (s.blind && code === 4500) {
    end(s, "moved");
    return;
  }
  if (code >= 4500 && code < 5000) {
    // By itself it would push out another of this person's pages, for ever.
    const word = code === 4501 ? "tooMany" : "closed";
    if (s.phase === "opening") end(s, word);
    else say(s, word);
    return;
  }
  // The frame that was too big would be too big again.
  if (code === 1009 && s.job) refused(s, s.job, "message_too_large");
  if (code === 1012) s.restarted = true;
  // Half of the wait is chance, so that a relay that comes back is not met by
  // every phone at once.
  const wait = Math.min(8000, 1000 * 2 ** s.tries++);
  s.dialAt = Math.max(soon(s), s.at + (wait + wait * luck) / 2);
};

/** Finds out whether the socket still works, or dials sooner. */
export const check = (s: Step): void => {
  if (s.link === "joined") {
    // A second join on the socket is std-1, changes nothing, and its answer is
    // the whole state of the room: whatever this page slept through is made good.
    if (!s.joinRef) join(s, patience.check);
  } else if (s.link === "down") {
    if (s.dialAt) {
      s.tries = 0;
      s.dialAt = Math.min(s.dialAt, soon(s));
    }
  } else if (s.at - s.dialedAt > patience.check) {
    // Perhaps it was on its way when the phone fell asleep.
    s.answerBy = Math.min(s.answerBy, s.at + patience.check);
  }
};

/** Sends the pairing code that the relay does not have yet. */
export const pushGate = (s: Step): void => {
  const { regate } = s;
  if (!regate || regate.ref || s.link !== "joined") return;
  s.regate = { ...regate, ref: ask(s, "reset_pairing", regate.gate) };
};

export const wipe = (s: Step): void => {
  if (s.phase === "gone") end(s, "wiped");
  else if (s.phase === "in") {
    s.wiping = true;
    s.job = null;
    if (s.link === "joined") ask(s, "expire_room", {});
  }
};
