// One step of the machine: what every part of it needs.

import { usual } from "./form";
import type { Data } from "./frames";
import { initial, type Notice, type Say, type State } from "./state";

/** This step's own copy of the state: its fields are assigned, what they hold is replaced, never changed. */
export type Step = { -readonly [K in keyof State]: State[K] };

/** How long the relay may take, in ms. A join takes half a second at least; 2G takes its time. */
export const patience = { answer: 10_000, socket: 20_000, check: 3000, hello: 15_000 };

export const doing = (s: Step, ...commands: State["commands"]): void => {
  s.commands = [...s.commands, ...commands];
};

/** Sends a frame. Returns its ref. */
export const tell = (s: Step, event: string, data: Data): string => {
  const ref = String(++s.frames);
  doing(s, { do: "frame", event, ref, data });
  return ref;
};

/** Sends a frame that wants an answer within the given time. */
export const ask = (s: Step, event: string, data: Data, wait = patience.answer): string => {
  // Anything that comes in proves the socket alive, so the nearest of several
  // deadlines is the one that counts.
  s.answerBy = Math.min(s.answerBy || Infinity, s.at + wait);
  return tell(s, event, data);
};

/** `elsewhere`: to a relay that takes new rooms, if a proxy knows one. */
export const dial = (s: Step, elsewhere = false): void => {
  s.link = "dialing";
  s.elsewhere = elsewhere;
  s.dialAt = 0;
  s.dialedAt = s.at;
  s.answerBy = s.at + patience.socket;
  doing(s, { do: "dial", elsewhere });
};

/** Nothing that went out on the socket will be answered any more. */
export const unlink = (s: Step): void => {
  s.link = "down";
  s.joinRef = "";
  s.answerBy = s.dialAt = s.typingUntil = s.restartsAt = 0;
  s.peer = null;
  s.greeted = s.greeting = false;
  s.helloRef = "";
  s.job &&= { ...s.job, ref: "", again: s.job.again || s.job.ref !== "" };
  s.regate &&= { ...s.regate, ref: "" };
};

export const hangup = (s: Step): void => {
  unlink(s);
  doing(s, { do: "hangup" });
};

/** The soonest that another dial is decent: not twice within a second. */
export const soon = (s: Step): number => Math.max(s.at, s.dialedAt + 1000);

export const say = (s: Step, word: Say, more?: Omit<Notice, "say">): void => {
  s.notice = { say: word, ...more };
};

/** Nobody can be looking at the page. */
export const isAway = ({ hidden, cover }: State): boolean => hidden || cover.kind === "curtain";

/** Forgets everything but what there is to say. */
export const end = (s: Step, word?: Say, more?: Omit<Notice, "say">): void => {
  hangup(s);
  doing(s, { do: "forget" });
  reset(s);
  s.settings = usual;
  if (word) say(s, word, more);
};

/** As if nothing had ever been joined. */
export const reset = (s: Step): void => {
  const { at, commands, offline, hidden, cover, form, settings } = s;
  Object.assign(s, initial, { at, commands, offline, hidden, cover, form, settings });
};
