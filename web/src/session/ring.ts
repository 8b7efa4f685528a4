// The sound of a new message, for who asked for it: others hear it too. So it is
// rare, and silent while one looks and after one has hidden the page by hand.

import type { State } from "./state";
import { doing, type Step } from "./step";

/** The shortest time between two sounds, in ms. */
export const ringEvery = 10_000;

export const ring = (s: Step, before: State): void => {
  const { slot, cover } = s;
  const looking = s.attention && cover.kind === "none";
  // What is there when one comes in is no news.
  const news = slot && !slot.mine && !slot.read && before.roomId === s.roomId && before.slot?.id !== slot.id;
  if (!news || !s.settings.sound || looking || cover.silent || s.wiping || s.at - s.rangAt < ringEvery) return;
  s.rangAt = s.at;
  doing(s, { do: "ring" });
};
