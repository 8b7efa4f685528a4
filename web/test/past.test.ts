// The messages before the one in the slot, which the page keeps if it is asked to.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Content } from "../src/session/state";
import { back, inside, message, openText, own, write, type Hand } from "./kit";

/** The other's message comes in and is opened and looked at. */
const hears = (hand: Hand, id: string): void => {
  hand.broadcast("new_message", message(id, "other"));
  openText(hand, `iv-${id}`);
  hand.tell({ type: "attention", on: true });
  hand.wait(500);
};

/** One's own goes out and is acknowledged. */
const says = (hand: Hand, text: string, n: number): void => {
  const sent = write(hand, text, n);
  assert.ok(sent);
  hand.broadcast("new_message", own(n));
  hand.ok(sent.ref, { message_id: `own-${n}` });
};

const texts = ({ state }: Hand): Content[] => state.past.map(({ text }) => text);

void test("as a rule the page keeps what the relay keeps", () => {
  const hand = inside({ current_message: message("question", "other") });
  hears(hand, "question");
  says(hand, "answer", 1);
  assert.deepEqual(texts(hand), []);
});

void test("the question stays beside the answer, and so many before, each once", () => {
  const hand = inside();
  hand.tell({ type: "keep", count: 5 });
  const all: string[] = [];
  for (let n = 0; n < 8; n++) {
    hears(hand, `q${n}`);
    assert.deepEqual(texts(hand), all.slice(-4));
    all.push(`text of iv-q${n}`);
    says(hand, `answer ${n}`, n + 1);
    assert.deepEqual(texts(hand), all.slice(-4));
    all.push(`answer ${n}`);
    back(hand, { current_message: own(n + 1) });
    assert.deepEqual(texts(hand), all.slice(-5, -1));
  }
  assert.deepEqual(hand.state.past.map(({ mine }) => mine), [true, false, true, false]);
  hand.tell({ type: "keep", count: 20 });
  assert.equal(texts(hand).length, 4);
  hand.tell({ type: "keep", count: 1 });
  assert.deepEqual(texts(hand), []);
});

void test("what its author took away or nobody could open is not kept, and an edit only as it was last", () => {
  const hand = inside();
  hand.tell({ type: "keep", count: 5 });
  hears(hand, "deleted");
  hand.broadcast("message_deleted", { message_id: "deleted" });
  hand.broadcast("new_message", message("foreign", "other"));
  hand.tell({ type: "opened", iv: "iv-foreign", text: null });
  hears(hand, "edited");
  hand.broadcast("message_edited", { message_id: "edited", ciphertext: "c", iv: "iv-anew" });
  openText(hand, "iv-anew");
  says(hand, "answer", 1);
  assert.deepEqual(texts(hand), ["text of iv-anew"]);
});
