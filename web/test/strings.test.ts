// Every word is used, in every language as it should be; that none is missing is the build's to say.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fill } from "../src/dom";

type Table = Record<string, string>;

const read = (name: string): Table => JSON.parse(readFileSync(join("src/strings", name), "utf8")) as Table;
// The document's words and those of its later part are one table.
const tables = readdirSync("src/strings")
  .filter((name) => /^[a-z]+\.json$/.test(name))
  .map((name) => [name, { ...read(name), ...read("later." + name) }] as const);
const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(join("src", name), "utf8"))
  .join("\n");
const english = tables.find(([name]) => name === "en.json")?.[1] ?? {};

void test("there are languages to test", () => {
  assert.ok(tables.length >= 2 && Object.keys(english).length > 50);
});

for (const [name, table] of tables) {
  void test(`strings: ${name}`, () => {
    for (const [key, text] of Object.entries(table)) assert.equal(text, text.trim(), key);
    // The same on every relay and in every language: it is what the history shows.
    assert.equal(table.title, "Notes");
  });
}

void test("what is said of a text is said of a voice note too, and calls neither by its name", () => {
  const text: Table = { en: "text", sw: "maandishi", fr: "texte", es: "texto", pt: "texto", ar: "نص", hi: "आपका लिखा" };
  const both = ["noNetwork", "unread", "elsewhereFirst", "notSent", "stale", "goneMessage", "tooLongRelay", "answered", "noKey", "waitsHere"];
  for (const [name, table] of tables) {
    const word = text[name.slice(0, 2)];
    assert.ok(word, name);
    for (const key of both) assert.equal(table[key]?.toLowerCase().includes(word), false, `${name}: ${key}`);
  }
});

void test("no word is there in vain", () => {
  for (const key of Object.keys(english)) {
    if (key === "noscript") continue; // in the document itself
    assert.ok([`strings.${key}`, `words?.${key}`, `"${key}"`].some((use) => sources.includes(use)), key);
  }
});

void test("gaps are filled by name, and what is filled in is not looked at again", () => {
  assert.equal(fill("{b} and {a}", { a: "1", b: "{a}" }), "{a} and 1");
  assert.equal(fill("{a}", { a: "$&$1" }), "$&$1");
});
