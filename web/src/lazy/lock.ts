// Words for who can open a message, and when it was written.

import { lockPatience } from "../session/keys";
import type { State } from "../session/state";
import { clock } from "../words";
import strings from "./words";

/** Time of day with the day. */
export const day = (at: number): string =>
  new Date(at).toLocaleDateString(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short" }) + " " + clock(at);

/** What stands in the place of a message that can't be opened here. */
export const lockText = ({ slot, peer, lockedAt, at }: State): string => {
  if (slot?.lock === "elsewhere") return strings.elsewhereSealed;
  if (slot?.lock !== "locked") return strings.cantOpen;
  if (slot.read) return strings.readElsewhere;
  if (!peer) return strings.lockedAway;
  return at - lockedAt < lockPatience ? strings.beingLocked : strings.askAgain;
};
