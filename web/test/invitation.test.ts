import assert from "node:assert/strict";
import { test } from "node:test";
import en from "../src/strings/later.en.json";
import sw from "../src/strings/later.sw.json";
import { fill } from "../src/dom";
import { card, dialled } from "../src/blind/card";
import { findCode } from "../src/blind/code";
import { folded, parseInvitation } from "../src/invitation";
import { contact } from "../src/lazy/card";
import { cardText } from "../src/lazy/scan";
import { digits, foldDigits, group } from "../src/phone";
import { newRef } from "../src/std1";

const found = (text: string): string => {
  const { number, ref } = parseInvitation(text);
  return `${digits(number)} ${ref}`.trim();
};

const cases: Record<string, [text: string, want: string]> = {
  "a number": ["+254 733 444444", "254733444444"],
  "digits": ["254733444444", "254733444444"],
  "brackets and dashes": ["+1 (415) 555-0132", "14155550132"],
  "dots": ["+49.151.23456789", "4915123456789"],
  "our sentence": ["My other number: +44 7700 900123, ref 4WNM-VD7H", "447700900123 4WNM-VD7H"],
  "forwarded and quoted": ["> Amina: My other number: +44 7700 900123, ref 4WNM-VD7H.\n> ok?", "447700900123 4WNM-VD7H"],
  "lower case": ["+44 7700 900123 ref p2k4-9h7m", "447700900123 P2K4-9H7M"],
  "code first": ["P2K4-9H7M goes with +44 7700 900123", "447700900123 P2K4-9H7M"],
  "on lines": ["+44 7700 900123\nP2K4-9H7M\n", "447700900123 P2K4-9H7M"],
  "a dash that a messenger made long": ["+44 7700 900123, ref P2K4–9H7M", "447700900123 P2K4-9H7M"],
  "a non-breaking hyphen and spaces": ["+44\u00a07700\u202f900123, ref P2K4\u20119H7M", "447700900123 P2K4-9H7M"],
  "marks of direction": ["\u2068+44 7700 900123\u2069, ref \u200eP2K4-9H7M\u200f", "447700900123 P2K4-9H7M"],
  "a code of letters": ["+44 7700 900123, ref ABCD-EFGH", "447700900123 ABCD-EFGH"],
  "a code of digits": ["+44 7700 900123, ref 1234-5678", "447700900123 1234-5678"],
  "a word that looks like a code": ["the best-ever number +44 7700 900123", "447700900123"],
  "a shouted word and a code": ["BEST-EVER +44 7700 900123, ref P2K4-9H7M", "447700900123 P2K4-9H7M"],
  "a number that looks like a code": ["0733-4444", "07334444"],
  "a number whose end looks like a code": ["+44 20 7946-0958", "442079460958"],
  "a time, a day and a number": ["at 14:30 on 3.4.2026 take +44 7700 900123. 2 things", "447700900123"],
  "two numbers, one international": ["order 123456789012345, call +44 7700 900123", "447700900123"],
  "a long number that is none": ["1234567890123456789", ""],
  "Arabic digits": ["رقمي الآخر: +٢٥٤ ٧٣٣ ٤٤٤٤٤٤، المرجع P2K4-9H7M", "254733444444 P2K4-9H7M"],
  "Persian digits": ["+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹", "989123456789"],
  "Devanagari digits": ["मेरा नंबर +९१ ९८७६५ ४३२१०", "919876543210"],
  "digits of other scripts": ["+８８０ ১৭১২৩৪৫৬৭৮", "8801712345678"],
  "a word longer than a code": ["+44 7700 900123 P2K4-9H7MX", "447700900123"],
  "nothing": ["", ""],
  "words": ["hello there", ""],
  "too few digits": ["call 12345", ""],
  "a code alone": ["P2K4-9H7M", ""],
};

for (const [name, [text, want]] of Object.entries(cases)) {
  void test(`finds: ${name}`, () => {
    assert.equal(found(text), want);
  });
}

void test("finds what the page itself invites with, in every language", () => {
  for (const strings of [en, sw]) {
    for (let i = 0; i < 500; i++) {
      const ref = newRef();
      const number = group("44", "7700900123");
      assert.equal(found(fill(strings.invite, { number, ref })), `447700900123 ${ref}`);
    }
    assert.equal(found(fill(strings.inviteNumber, { number: "+254 733 444 444" })), "254733444444");
  }
});

void test("what the QR code says is all that joining needs, with an address or without", () => {
  const code = "4821993701642278531042912";
  for (const address of ["", "notes.example.org", "192.168.100.200:8080/a-1234-abcd"]) {
    const short = cardText(contact("+447700900123", "4WNM-VD7H", address));
    assert.equal(found(short), "447700900123 4WNM-VD7H");
    assert.equal(findCode(folded(cardText(contact(dialled("+44 7700 900123", code), "", address)))), code);
    assert.equal(contact("+447700900123", "", address).includes("URL:"), !!address);
    // The same in the sentence.
    const behind = address && ` (${address})`;
    assert.equal(found(fill(en.invite, { number: "+44 7700 900123", ref: "4WNM-VD7H" }) + behind), "447700900123 4WNM-VD7H");
    assert.equal(findCode(folded(fill(en.inviteNumber, { number: card("+44 7700 900123", code) }) + behind)), code);
  }
  assert.equal(cardText("My other number: +44 7700 900123"), "My other number: +44 7700 900123");
});

// In time that grows with the square of its length it would take hours, which
// the time limit of the whole run would end.
void test("a megabyte is read", () => {
  assert.equal(found("12-34 ".repeat(170_000)), "");
  assert.equal(found("a-".repeat(500_000)), "");
  assert.equal(found("1".repeat(1_000_000)), "");
});

void test("digits of every script are folded, all else stays", () => {
  assert.equal(foldDigits("a٠١٢٣٤٥٦٧٨٩b"), "a0123456789b");
  assert.equal(foldDigits("०१२३४५६७८९"), "0123456789");
  assert.equal(foldDigits("𝟎𝟗𝟘𝟡𝟶𝟿"), "090909");
  assert.equal(foldDigits("½²③Ⅷ"), "½²③Ⅷ");
});
