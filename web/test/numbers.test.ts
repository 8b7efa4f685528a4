import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parseInvitation } from "../src/invitation";
import { countryNames, homeCountry, invent, type Table } from "../src/lazy/numbers";
import { digits } from "../src/phone";

// The table that is served.
const [name, ...others] = readdirSync("dist").filter((file) => /^numbers-.*\.json$/.test(file));
assert.ok(name && !others.length);
const table = JSON.parse(readFileSync(`dist/${name}`, "utf8")) as Table;

void test("every country of the table gives numbers of its own kind", () => {
  assert.ok(Object.keys(table).length > 200);
  for (const [country, line] of Object.entries(table)) {
    const [code = "", , lengths = "", leads = "", fiction = ""] = line.split(" ");
    for (let i = 0; i < 20; i++) {
      const { number, mayBeReal } = invent(table, country);
      assert.match(number, /^\+\d+( \d+)+$/, country);
      assert.equal(mayBeReal, !fiction, country);
      const all = digits(number);
      const national = all.slice(code.length);
      assert.ok(all.startsWith(code), country);
      assert.ok(lengths.split(",").includes(String(national.length)), `${country} ${number}`);
      assert.ok((fiction || leads).split(",").some((lead) => national.startsWith(lead)), `${country} ${number}`);
      // What is shown is what is found in an invitation.
      assert.equal(digits(parseInvitation(`number: ${number}, ref P2K4-9H7M`).number), all, country);
    }
  }
});

void test("all of a country's numbers are equally likely", () => {
  // Two lengths: ten numbers and a hundred.
  const counts = [0, 0];
  for (let i = 0; i < 11_000; i++) {
    const { length } = digits(invent({ XX: "1  2,3 7" }, "XX").number);
    counts[length - 3] = (counts[length - 3] ?? 0) + 1;
  }
  // Six standard deviations: fails by chance once in 10^8 runs.
  assert.ok(Math.abs((counts[0] ?? 0) - 1000) < 181, counts.join());
});

void test("fiction goes before what may be somebody's, in its one length", () => {
  for (let i = 0; i < 50; i++) {
    assert.match(digits(invent({ XX: "44 0 10,9 7 7700900" }, "XX").number), /^447700900\d{3}$/);
  }
  assert.equal(digits(invent({ XX: "44 0 3 7 123" }, "XX").number), "44123", "a range of one number");
});

void test("what the table does not know is an error, not a number", () => {
  assert.throws(() => invent({}, "XX"));
});

void test("the country comes from the phone's languages", () => {
  const some: Table = { GB: "44", KE: "254", TZ: "255" };
  assert.equal(homeCountry(some, ["sw-KE", "en-GB"]), "KE");
  assert.equal(homeCountry(some, ["sw", "sw-TZ"]), "TZ");
  assert.equal(homeCountry(some, ["zh-Hant-TW", "en-GB"]), "GB");
  assert.equal(homeCountry(some, ["eo"]), "GB");
  assert.equal(homeCountry(some, []), "GB");
});

void test("countries are listed by name", () => {
  const names = countryNames({ TZ: "", KE: "", GB: "" }, "en");
  assert.deepEqual(names, [["Kenya", "KE"], ["Tanzania", "TZ"], ["United Kingdom", "GB"]]);
});
