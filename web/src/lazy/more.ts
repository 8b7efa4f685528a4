// What the first minute does not need, in one script that is loaded when some
// of it is asked for. Chromium writes its name to disk beside its code cache,
// no-store or not: so the name tells nothing of what is in it.

export { help } from "./help";
export { countryNames, homeCountry, invent, loadTable } from "./numbers";
export { share } from "./share";
export { std1 } from "../std1";
