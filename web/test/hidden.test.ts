// A session behind the veil and the curtain, and what is said of what happened there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ringEvery } from "../src/session/ring";
import { initial } from "../src/session/state";
import { back, inside, message, opening, own, roomOk, type Hand } from "./kit";

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

void test("a sound for what nobody looks at, if it was asked for: rare, and none after hiding by hand", () => {
  const rings = (hand: Hand): boolean => hand.names().includes("ring");
  const comes = (hand: Hand, n: number): boolean => rings(hand.broadcast("new_message", message(`m${n}`, "other")));
  const listening = (): Hand => inside().tell({ type: "settings", settings: { sound: true } });
  assert.ok(!comes(inside(), 1), "silent by default");
  const hand = listening();
  assert.ok(comes(hand, 1));
  assert.ok(!comes(hand.wait(ringEvery - 1), 2), "so soon after the last");
  assert.ok(comes(hand.wait(1), 3));
  hand.wait(ringEvery);
  assert.ok(!rings(hand.broadcast("message_edited", { message_id: "m3", ciphertext: "c", iv: "iv-anew" })), "an edit");
  assert.ok(!rings(back(hand, { current_message: message("m3", "other") })), "what was there before the link broke");
  assert.ok(rings(back(hand, { current_message: message("m4", "other") })), "what came meanwhile");
  hand.wait(ringEvery);
  assert.ok(!rings(hand.broadcast("new_message", own(1))), "one's own");
  assert.ok(!comes(hand.tell({ type: "attention", on: true }), 5), "somebody looks");
  for (const event of ["blur", "hide"] as const) {
    assert.ok(comes(listening().tell({ type: "attention", on: true }).tell({ type: "cover", event }), 6), event);
  }
  const drawn = listening().tell({ type: "cover", event: "draw" }).tell({ type: "cover", event: "hide" });
  assert.ok(!comes(drawn, 7), "hidden by hand, and then the phone put away");
  assert.ok(comes(drawn.tell({ type: "cover", event: "right" }), 8), "until the PIN lifts it");
  assert.equal(drawn.tell({ type: "leave" }).state.settings.sound, false);
  const joining = opening("own").hand.tell({ type: "settings", settings: { sound: true } });
  joining.ok(joining.state.joinRef, roomOk({ current_message: message("m9", "other") }));
  assert.ok(!rings(joining), "what one finds on coming in");
});
