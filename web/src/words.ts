// The words for what a session has to say.

import strings from "#strings";
import { fill } from "./dom";
import type { Notice } from "./session/state";

/**
 * Time of day, here. Browsers can write it as the reader would, but take 10 ms
 * of a fast machine the first time.
 */
export const clock = (at: number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
};

export const tries = (left: number): string => fill(strings.wrongPin, { left });

/** What a session has to say. A session began with the later part, so all the words are there. */
export const noticeText = ({ say, count = 0, until = 0 }: Notice, words: Readonly<Record<string, string>>): string => {
  if (say === "wrongPin") return tries(count);
  return fill(words[say] ?? strings.failed, { time: clock(until) });
};

/** Whether it is no error, but what was asked for, or a question. */
export const isCalm = ({ say }: Notice): boolean => /^(?:ask|whose|ended|wiped|forgot|moved|stale|unread|restarted)/.test(say);
