// What a session of sotto-2 does beyond one of std-1: it says hello before
// anything else, chooses between sealing and leaving, and puts what waits under
// another lock when the other's page has changed.

import { string, type Data } from "./frames";
import { abandonEdit, accepted } from "./slot";
import type { Event, Job, KeyNote } from "./state";
import { ask, doing, end, isAway, patience, say, type Step } from "./step";

/** How long a message may be locked before its author is to be asked again, in ms. */
export const lockPatience = 10_000;

/** The shortest time between two new seals of one message, in ms. */
const anewEvery = 2000;

/** The relay tells the name of one's seat. Another one for the same room is a fault. Reports whether the session ended. */
export const wrongAuthor = (s: Step, answer: Data): boolean => {
  const author = string(answer.sender_hash);
  const same = string(answer.room_id) === s.roomId;
  if (!author) end(s, "noBlind");
  else if (same && author !== s.author) end(s, "fault");
  else {
    s.author = author;
    if (!same) {
      s.other = "";
      s.keys = null;
      s.notes = [];
    }
    return false;
  }
  return true;
};

export const greet = (s: Step): void => {
  s.greeting = true;
  doing(s, { do: "greet" });
};

/** The engine made a hello. */
export const greeting = (s: Step, hello: string): void => {
  if (s.link === "joined" && s.greeting && !s.helloRef) s.helloRef = ask(s, "hello", { hello }, patience.hello);
};

/** The other's hello: a broadcast, or in the answer to one's own. */
export const hear = (s: Step, data: Data, answer: boolean): void => {
  if (answer) {
    s.helloRef = "";
    s.greeting = false;
    s.greeted = s.everGreeted = true;
  }
  const hello = string(data.hello);
  if (hello) doing(s, { do: "hear", hello });
};

/** What the rules of the keys came to. */
export const keysSay = (s: Step, { keys, notes, accepted: taken, late }: Extract<Event, { type: "keys" }>): void => {
  s.keys = keys;
  for (const note of notes) s.notes = [...s.notes.filter(({ say: word }) => word !== note), { say: note, at: s.at } satisfies KeyNote];
  const { job } = s;
  if (!job) return;
  if (job.nonce === taken) accepted(s, job);
  else if (job.nonce === late) {
    s.job = null;
    if (job.quiet || job.kind === "delete") return;
    if (s.editing) abandonEdit(s);
    say(s, "stale");
  }
};

/** The job can't be sealed: in sotto-2 because nobody is there to seal it for. */
export const unseal = (s: Step, job: Job): void => {
  s.job = null;
  if (!job.quiet) say(s, s.blind ? "noKey" : "failed");
};

/** Puts one's own unread message under another lock where its own does not do any more, or where it is asked for. */
export const quiet = (s: Step, asked = false): void => {
  const { slot, keys } = s;
  if (!s.blind || !keys || !s.greeted || s.link !== "joined") return;
  if (keys.mustGreet && !s.greeting) greet(s);
  if (s.job || s.wiping || !slot?.mine || slot.read || slot.lock !== "sealed" || (slot.text ?? null) === null) return;
  const leave = asked || (!s.strict && (s.peer === false || isAway(s)));
  if ((!leave && !keys.mustSealAnew) || (s.at < s.anewAt && !asked)) return;
  s.anewAt = s.at + anewEvery;
  s.job = {
    kind: "edit", nonce: `quiet ${++s.frames}`, text: slot.text ?? "", target: slot.id, targetIv: slot.iv,
    sealed: null, ref: "", again: false, quiet: true, how: { edit: true, empty: !!slot.empty, leave, anew: !leave, quiet: true },
  };
};
