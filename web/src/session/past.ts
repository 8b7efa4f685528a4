// What was said before: by choice the page keeps more than the one message that
// the relay has, in its memory, until it forgets everything.

import type { State } from "./state";
import type { Step } from "./step";

/** How many messages there may be, the one in the slot among them; the first is the usual choice. */
export const keepChoices = [1, 5, 20] as const;

/** Keeps what another message took the place of in this step. What its author took away, or nobody could open, is gone. */
export const remember = (s: Step, { slot }: State): void => {
  if (slot && s.slot && slot.id !== s.slot.id && slot.text && !slot.empty) {
    const { id, mine, at, text } = slot;
    s.past = [...s.past, { id, mine, at, text }];
  }
  const most = s.keep - 1;
  if (s.past.length > most) s.past = s.past.slice(s.past.length - most);
};
