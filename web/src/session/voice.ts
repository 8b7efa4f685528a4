// Voice notes of sotto-2: a recording waits beside the draft, goes out as a
// message does, and may take its time on a slow line.

import type { Content, Job, State, Voice } from "./state";
import { doing, type Step } from "./step";

/** How long the largest may be on its way, in ms: it takes 70 s at 10 kbit/s. */
export const uploadLasts = 120_000;

export const isVoice = (content: Content | null | undefined): content is Voice => typeof content === "object" && content !== null;

/** A recording may begin. */
export const canSpeak = (s: State): boolean => !!s.blind && s.phase === "in" && !s.wiping && !s.editing && !s.voice;

/** A new recording, or none. What is being sent is not changed. */
export const recorded = (s: Step, voice: Voice | null): void => {
  if (isVoice(s.job?.text) || (voice && !s.blind)) return;
  s.voice = voice;
  s.notice = null;
};

/** The relay has a recording. One that was taken back meanwhile stays here. */
export const handedOver = (s: Step, { text, sealed }: Job): void => {
  if (s.voice === text && s.takenBack !== sealed?.iv) s.voice = null;
};

/**
 * Takes a voice note back. What a socket was once given goes out, whatever is done
 * to the socket: so it is deleted as soon as it has arrived.
 */
export const takeBack = (s: Step, { text, nonce, quiet, ref, again, sealed }: Job): void => {
  if (!isVoice(text) || quiet) return;
  if (sealed && (ref || again)) s.takenBack = sealed.iv;
  else {
    s.job = null;
    doing(s, { do: "drop", nonce, gone: false });
  }
};

/** Nothing came for too long: while a voice note is on its way nothing is answered. */
export const overdue = ({ at, answerBy, uploadBy }: State): boolean => answerBy > 0 && at >= Math.max(answerBy, uploadBy);

/** What follows for notes from everything that happened. */
export const watchVoice = (s: Step): void => {
  const { job, slot } = s;
  s.uploadBy = job?.ref && isVoice(job.text) ? s.uploadBy || s.at + uploadLasts : 0;
  // It was heard before it could be taken back.
  if (s.voice && slot?.text === s.voice && slot.read) s.voice = null;
};
