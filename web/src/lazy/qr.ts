// What the first minute does not need, in one script that is loaded when some
// of it is asked for.

export { draw, save } from "./card";
export { helpText } from "./help";
export { countryNames, homeCountry, invent, loadTable } from "./numbers";
