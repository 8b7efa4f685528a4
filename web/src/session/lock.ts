// sotto-2: whether a text is sealed to the other's page or left for somebody
// absent, by who is there and what its writer has chosen.

import type { How, Job, State } from "./state";

/** A text would now be left for somebody absent. */
export const leaves = (s: State): boolean => !!s.blind && !s.strict && !(s.peer && s.keys?.canSeal);

/** Nothing is left for somebody absent, and nobody is there. */
export const mustWait = (s: State): boolean => !!s.blind && s.strict && !(s.peer && s.keys?.canSeal);

export const howTo = (s: State, job: Job): How =>
  ({ edit: job.kind !== "send", empty: job.kind === "delete", leave: leaves(s), anew: false, quiet: false });
