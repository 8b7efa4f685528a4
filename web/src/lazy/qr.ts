// What the first minute does not need, in one script that is loaded when some
// of it is asked for.

export { help } from "./help";
export { countryNames, homeCountry, invent, loadTable } from "./numbers";
export { share } from "./share";
