// The engine of private numbers, in a script that is loaded when there is one.
// Chromium writes its name to disk, as that of more.ts: it tells nothing either.

export { blind, newCode, prepare, unprepare } from "../blind/engine";
