// The session before anybody is in: what is typed into the first screen, what
// hides it, and what the browser tells. It is all that the first screen needs;
// the rest of the machine, session.ts, is loaded before the first join.

import { coverDue, coverStep, uncovered } from "./cover";
import { blank } from "./form";
import type { Event, State } from "./state";
import { doing, end, say, type Step } from "./step";

/** A pure machine: a step, and when to tick next; Infinity for never. */
export interface Machine {
  readonly step: (before: State, event: Event, at: number) => State;
  readonly due: (s: State) => number;
}

/** What happens to the page, whether somebody is in or not. */
export const arrive = (s: Step, event: Event): void => {
  switch (event.type) {
    case "leave":
      end(s);
      clear(s);
      break;
    case "cover":
      s.cover = coverStep(s.cover, event.event, s.at, s.settings.idle, s.strict);
      break;
    case "form":
      s.form = { ...s.form, ...event.form };
      if (s.notice?.say === "whose" && event.form.intent === "invited") say(s, "otherPin");
      break;
    case "settings":
      s.settings = { ...s.settings, ...event.settings };
      break;
    case "hidden":
      s.hidden = event.on;
      break;
    case "attention":
      s.attention = event.on;
      break;
    case "net":
      s.offline = !event.online;
      break;
    default:
  }
};

/** Nothing that was typed into the first screen is left. */
const clear = (s: Step): void => {
  s.cover = uncovered;
  if (s.form !== blank) doing(s, { do: "blank" });
  s.form = blank;
};

/** Someone is in a room, or was and still has what is left of it. */
export const isInside = ({ phase }: State): boolean => phase === "in" || phase === "gone";

/** What time makes of the cover, and the cover of everything else. */
export const hide = (s: Step): void => {
  s.cover = coverStep(s.cover, "tick", s.at, s.settings.idle, s.strict);
  const { kind } = s.cover;
  if (kind === "forget") end(s, "forgot");
  // On the first screen there is no PIN that could lift a curtain: what has to be
  // said there stays, what was typed goes.
  if (kind === "forget" || (kind === "curtain" && s.phase === "open")) clear(s);
  if (isInside(s)) s.form = blank;
};

export const hideDue = ({ cover, settings, strict }: State): number => coverDue(cover, settings.idle, strict);

export const first: Machine = {
  step(before, event, at) {
    const s: Step = { ...before, at, commands: [] };
    arrive(s, event);
    hide(s);
    return s;
  },
  due: hideDue,
};
