// The machine as a page runs it: what it lets go of is overwritten, where that can be done.

import type { Machine } from "../session/first";
import { due, step } from "../session/session";
import type { State } from "../session/state";
import { isVoice } from "../session/voice";

const voicesOf = ({ voice, job, slot, past }: State) => [voice, job?.text, slot?.text, ...past.map(({ text }) => text)].filter(isVoice);

export const machine: Machine = {
  due,
  step(before, event, at) {
    const after = step(before, event, at);
    const kept = voicesOf(after);
    for (const voice of voicesOf(before)) if (!kept.includes(voice)) voice.data.fill(0);
    return after;
  },
};
