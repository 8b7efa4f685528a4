// A session behind the veil and the curtain, and what is said of what happened there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial } from "../src/session/state";
import { type Hand, inside, message, opening, roomOk } from "./kit";

const minute = 60_000;

const hide = (hand: Hand): Hand => hand.tell({ type: "cover", event: "hide" });

void test("behind the curtain nothing counts as read", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "attention", on: true });
  hide(hand).wait(5000);
  assert.deepEqual(hand.names(), []);
  hand.tell({ type: "cover", event: "right" }).wait(500);
  assert.equal(hand.sent().event, "read_receipt");
});

void test("ten minutes behind the curtain, or five wrong PINs: all is forgotten, and said", () => {
  const waited = hide(inside({ current_message: message("m1", "other") }));
  waited.tell({ type: "draft", text: "half" }).wait(10 * minute - 1);
  assert.equal(waited.state.draft, "half");
  waited.wait(1);
  const guessed = hide(inside());
  for (let i = 0; i < 5; i++) guessed.tell({ type: "cover", event: "wrong" });
  for (const hand of [waited, guessed]) {
    assert.deepEqual(hand.names(), ["hangup", "forget"]);
    assert.deepEqual(hand.state.notice, { say: "forgot" });
    assert.equal(hand.state.phase, "open");
    assert.equal(hand.state.cover.kind, "none");
    assert.equal(hand.state.draft, "");
    hand.wait(60 * minute);
    assert.deepEqual(hand.state.notice, { say: "forgot" }, "until it was seen");
  }
});

void test("a page that slept says that it has forgotten, whatever wakes it", () => {
  for (const event of ["focus", "active", "tick"] as const) {
    const hand = inside();
    hand.tell({ type: "settings", settings: { idle: 2 } });
    hand.at += 13 * minute;
    hand.tell({ type: "cover", event });
    assert.deepEqual(hand.state.notice, { say: "forgot" }, event);
  }
});

void test("leaving and panic say nothing", () => {
  const hand = inside();
  hand.tell({ type: "leave" });
  assert.equal(hand.state.notice, null);
});

void test("what was typed into the first screen is kept while somebody is refused, and goes with the one who is away", () => {
  const { hand, ref } = opening("enter");
  hand.tell({ type: "form", form: { number: "+44 7700 900123", pin: "314159" } });
  hand.tell({ type: "settings", settings: { idle: 2 } });
  hand.error(ref, "otp_required");
  assert.deepEqual(hand.state.form, { ...initial.form, number: "+44 7700 900123", pin: "314159", askCode: true });
  hide(hand);
  assert.deepEqual(hand.state.form, initial.form);
  assert.deepEqual(hand.names(), ["blank"]);
  assert.equal(hand.state.cover.kind, "none", "there is no PIN that could lift a curtain");
  assert.equal(hand.state.notice?.say, "askRef");
});

void test("nothing that was typed into the first screen is left once somebody is in", () => {
  const { hand, ref } = opening("enter");
  hand.tell({ type: "form", form: { pin: "314159" } });
  hand.ok(ref, roomOk());
  assert.equal(hand.state.form.pin, "");
});
