// The words for what a session has to say.

import strings from "#strings";
import { fill } from "./dom";
import type { Notice } from "./session/state";

/** Time of day, as this phone writes it. */
export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

/** Weekday and time. */
export const dayClock = (at: number): string =>
  new Date(at).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });

export const tries = (left: number): string =>
  left === 1 ? strings.wrongPinOne : fill(strings.wrongPin, { left });

export const noticeText = ({ say, count = 0, until = 0 }: Notice): string => {
  if (say === "wrongPin") return tries(count);
  if (say === "locked") return fill(strings.locked, { time: clock(until) });
  return strings[say];
};
