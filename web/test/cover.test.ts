import assert from "node:assert/strict";
import { test } from "node:test";
import { coverDue, coverStep, isTry, uncovered, type Cover, type CoverEvent } from "../src/session/cover";

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;

/** Runs events at given times and gives the kind after each. */
const run = (...events: [at: number, event: CoverEvent][]): string => {
  let cover: Cover = coverStep(uncovered, "start", 0, 2);
  return events
    .map(([at, event]) => {
      cover = coverStep(cover, event, at, 2);
      return cover.kind;
    })
    .join(" ");
};

const cases: Record<string, [got: string, want: string]> = {
  "nothing happens": [run([1, "tick"]), "none"],
  "blur and back": [run([1, "blur"], [59 * second, "focus"]), "veil none"],
  "blur, and a touch or a key instead of the focus": [run([1, "blur"], [59 * second, "active"]), "veil none"],
  "blur, and a touch too late": [run([1, "blur"], [minute + 1, "active"]), "veil curtain"],
  "blur and back too late": [run([1, "blur"], [minute + 1, "focus"]), "veil curtain"],
  "blur, then time": [run([0, "blur"], [minute - 1, "tick"], [minute, "tick"]), "veil veil curtain"],
  "blur, then out of sight": [run([1, "blur"], [2, "hide"], [3, "focus"]), "veil curtain curtain"],
  "out of sight": [run([1, "hide"], [2, "focus"], [3, "active"]), "curtain curtain curtain"],
  "idle": [run([2 * minute - 1, "tick"], [2 * minute, "tick"]), "none curtain"],
  "busy": [run([minute, "active"], [2 * minute, "tick"], [3 * minute - 1, "tick"], [3 * minute, "tick"]), "none none none curtain"],
  "a mouse that moves is somebody": [run([minute, "moved"], [3 * minute - 1, "tick"], [3 * minute, "tick"]), "none none curtain"],
  "a mouse over a window without the focus": [run([1, "blur"], [2, "moved"], [minute + 1, "tick"]), "veil veil curtain"],
  "a key is too late": [run([2 * minute, "active"]), "curtain"],
  "right PIN": [run([1, "hide"], [2, "right"], [2 * minute + 1, "tick"], [2 * minute + 2, "tick"]), "curtain none none curtain"],
  "five wrong PINs": [
    run([1, "hide"], [2, "wrong"], [3, "wrong"], [4, "wrong"], [5, "wrong"], [6, "wrong"], [7, "right"]),
    "curtain curtain curtain curtain curtain forget forget",
  ],
  "a right PIN in between": [
    run([1, "hide"], [2, "wrong"], [3, "wrong"], [4, "wrong"], [5, "wrong"], [6, "right"], [7, "hide"], [8, "wrong"]),
    "curtain curtain curtain curtain curtain none curtain curtain",
  ],
  "hiding again does not buy tries": [
    run([1, "hide"], [2, "wrong"], [3, "wrong"], [4, "hide"], [5, "blur"], [6, "wrong"], [7, "wrong"], [8, "wrong"]),
    "curtain curtain curtain curtain curtain curtain curtain forget",
  ],
  "a verdict that no curtain waits for": [
    run([1, "wrong"], [2, "hide"], [3, "wrong"], [4, "wrong"], [5, "wrong"], [6, "wrong"], [7, "wrong"]),
    "none curtain curtain curtain curtain curtain forget",
  ],
  "ten minutes": [run([1, "hide"], [10 * minute, "tick"], [10 * minute + 1, "tick"]), "curtain curtain forget"],
  "hiding again does not buy time": [run([1, "hide"], [9 * minute, "hide"], [10 * minute + 1, "tick"]), "curtain curtain forget"],
  "ten minutes, then the right PIN": [run([1, "hide"], [11 * minute, "right"]), "curtain forget"],
  "the clock is set back": [
    run([minute, "active"], [-day, "tick"], [2 * minute - day, "tick"], [12 * minute - day, "tick"]),
    "none none curtain forget",
  ],
  "a phone that slept": [run([1, "blur"], [12 * minute, "focus"]), "veil forget"],
  "a phone that slept a little": [run([11 * minute, "focus"]), "curtain"],
  "a phone that slept long": [run([12 * minute, "active"]), "forget"],
};
for (const [name, [got, want]] of Object.entries(cases)) {
  void test(`cover: ${name}`, () => {
    assert.equal(got, want);
  });
}

void test("cover: what is shorter or longer than every PIN is no try, unless one's own is", () => {
  const tries = (ruled: boolean): string[] =>
    ["", "1", "31415", "314159", "314159265358", "3141593141593", "three"].filter((entered) => isTry(entered, ruled));
  assert.deepEqual(tries(true), ["314159", "314159265358"]);
  // Short numbers are also entered with PINs that another program let pass. Else
  // whoever finds the phone could try all of them.
  assert.deepEqual(tries(false), ["1", "31415", "314159", "314159265358", "3141593141593", "three"]);
});

void test("cover: the next tick is when something changes", () => {
  const shown = coverStep(uncovered, "start", 0, 15);
  assert.equal(coverDue(shown, 15), 15 * minute);
  const veiled = coverStep(shown, "blur", minute, 15);
  assert.equal(coverDue(veiled, 15), 2 * minute);
  const curtain = coverStep(veiled, "hide", minute + 1, 15);
  assert.equal(coverDue(curtain, 15), 11 * minute + 1);
  assert.equal(coverDue({ ...curtain, kind: "forget" }, 15), Infinity);
});
