// What the first screen does not need, in one script that is loaded while
// somebody types. Chromium writes its name to disk beside its code cache,
// no-store or not: so the name tells nothing of what is in it.

import { wear } from "./style";

wear(__STYLE__);

export { card } from "../blind/card";
export { canonicalRef, gateOf, newRef, std1 } from "../std1";
export { chatScreen } from "./chat";
export { helpSheet } from "./help";
export { scanning, scanSheet } from "./scan";
export { countryNames, fictions, homeCountry, invent, loadTable } from "./numbers";
export { machine } from "./machine";
export { ring } from "./sound";
export { default as words, speak } from "./words";
