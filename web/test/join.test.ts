// Getting in, and how it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, type Notice } from "../src/session/state";
import { day, gate, Hand, inside, message, nonce, opening, openText, roomOk, stamp, start, who, write } from "./kit";

const me = { sender_hash: "me", access_hash: "mine" };

void test("create joins without intent, behind a gate, and shows the code", () => {
  const { hand, ref, join } = opening("create");
  assert.deepEqual(join, { ...me, ...gate, ext: 1 });
  hand.ok(ref, roomOk({ awaiting_party: true }));
  assert.deepEqual(hand.names(), ["unlock"]);
  assert.equal(hand.state.phase, "in");
  assert.equal(hand.state.code, "P2K4-9H7M");
  assert.equal(hand.state.awaiting, true);
});

void test("enter never makes a room", () => {
  assert.deepEqual(opening("enter").join, { ...me, intent: "enter", ext: 1 });
  assert.deepEqual(opening("enter", { gate }).join, { ...me, ...gate, intent: "enter", ext: 1 });
});

void test("a dial that gets nowhere is repeated", () => {
  const hand = new Hand();
  hand.tell({ type: "start", who: who("enter") });
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
  hand.wait(19_999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
});

void test("a join without an answer is repeated on a new socket, as what it was", () => {
  const { hand } = opening("enter");
  hand.wait(20_000);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
  hand.tell({ type: "up" });
  assert.equal(hand.sent().data.intent, "enter");
});

void test("a create whose answer got lost finds its own room", () => {
  const { hand } = opening("create");
  hand.down(1006);
  hand.wait(1000);
  hand.tell({ type: "up" });
  const { ref, data } = hand.sent();
  assert.deepEqual(data, { ...me, ...gate, ext: 1 });
  hand.ok(ref, roomOk({ awaiting_party: true }));
  assert.equal(hand.state.phase, "in");
});

const until = start + 1_800_000;
const first: [purpose: "create" | "enter", withCode: boolean, reason: string, more: object, want: Partial<Notice>][] = [
  ["enter", false, "not_found", {}, { say: "nobody" }],
  ["enter", false, "otp_required", {}, { say: "askRef" }],
  ["enter", true, "otp_invalid", {}, { say: "wrongRef" }],
  ["enter", false, "unauthorized", { attempts_remaining: 8 }, { say: "wrongPin", count: 8 }],
  ["enter", true, "unauthorized", { attempts_remaining: 8 }, { say: "held" }],
  ["enter", false, "locked", {}, { say: "locked", until }],
  ["enter", false, "locked", { retry_after: 60 }, { say: "locked", until: start + 60_000 }],
  ["enter", false, "locked", { retry_after: "soon" }, { say: "locked", until }],
  ["enter", false, "rate_limited", {}, { say: "busy" }],
  ["enter", false, "invalid_sender", {}, { say: "failed" }],
  ["enter", false, "invalid_access", {}, { say: "failed" }],
  ["enter", false, "internal_error", {}, { say: "failed" }],
  ["enter", false, "toString", {}, { say: "failed" }],
  ["create", true, "otp_invalid", {}, { say: "taken" }],
  ["create", true, "otp_required", {}, { say: "taken" }],
  ["create", true, "unauthorized", { attempts_remaining: 3 }, { say: "taken" }],
  ["create", true, "locked", { retry_after: 60 }, { say: "locked", until: start + 60_000 }],
  ["create", true, "rate_limited", {}, { say: "busy" }],
];
for (const [purpose, withCode, reason, more, want] of first) {
  void test(`first join: ${purpose} ${withCode ? "with" : "without"} code, ${reason} ${JSON.stringify(more)}`, () => {
    const { hand, ref } = opening(purpose, { gate: withCode ? gate : null });
    hand.error(ref, reason, { ...more });
    assert.deepEqual(hand.names(), ["hangup", "forget"]);
    assert.equal(hand.state.phase, "open");
    const { notice } = hand.state;
    for (const [key, value] of Object.entries(want)) assert.equal(notice?.[key as keyof Notice], value, key);
    // Nothing of whoever it was stays.
    assert.deepEqual(hand.state.credentials, {});
    assert.equal(hand.state.code, "");
    assert.equal(hand.state.gate, null);
    hand.wait(day);
    assert.deepEqual(hand.names().filter((name) => name !== "blank"), []);
  });
}

void test("the creator's PIN with an invitation: whose number it is comes before any advice", () => {
  const { hand, ref } = opening("enter", { gate, code: "P2K4-9H7M" });
  hand.ok(ref, roomOk({ awaiting_party: true, current_message: message("m1", "me") }));
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state.notice, { say: "whose" });
  assert.equal(hand.state.slot, null);
  hand.tell({ type: "form", form: { intent: "invited" } });
  assert.deepEqual(hand.state.notice, { say: "otherPin" });
});

void test("the creator with their own invitation: never takes the second seat, and the code works again", () => {
  const { hand, ref, join } = opening("own", { gate, code: "P2K4-9H7M" });
  assert.deepEqual(join, { ...me, intent: "enter", ext: 1 });
  hand.ok(ref, roomOk({ awaiting_party: true }));
  assert.equal(hand.state.phase, "in");
  assert.equal(hand.state.code, "", "perhaps there was another one since");
  const sent = hand.did.find((command) => command.do === "frame");
  assert.equal(sent?.event, "reset_pairing");
  assert.deepEqual(sent.data, gate);
  hand.ok(sent.ref);
  assert.equal(hand.state.code, "P2K4-9H7M");

  const { hand: mistyped, ref: first } = opening("own", { gate });
  mistyped.tell({ type: "form", form: { intent: "back" } });
  mistyped.error(first, "otp_required");
  assert.equal(mistyped.state.notice?.say, "notYours");
  assert.equal(mistyped.state.form.askCode, false);
});

void test("the creator comes back before the other, without the code", () => {
  const { hand, ref } = opening("enter");
  hand.ok(ref, roomOk({ awaiting_party: true }));
  assert.equal(hand.state.phase, "in");
  assert.equal(hand.state.code, "");
});

for (const more of [{ awaiting_party: false }, { awaiting_party: true, current_message: message("m1", "other") }]) {
  void test(`a new number that is another's room: ${JSON.stringify(more).slice(0, 40)}`, () => {
    const { hand, ref } = opening("create");
    hand.ok(ref, roomOk(more));
    assert.deepEqual(hand.names(), ["hangup", "forget"]);
    assert.deepEqual(hand.state.notice, { say: "taken" });
  });
}

void test("the other comes", () => {
  const { hand, ref } = opening("create");
  hand.ok(ref, roomOk({ awaiting_party: true, ttl_expires_at: stamp(start + day) }));
  hand.broadcast("party_paired", { ttl_expires_at: stamp(start + 7 * day) });
  assert.equal(hand.state.awaiting, false);
  assert.equal(hand.state.ttl, start + 7 * day);
  hand.broadcast("presence", { connected: true });
  assert.equal(hand.state.peer, true);
  hand.broadcast("presence", { connected: false });
  assert.equal(hand.state.peer, false);
  hand.down(1006);
  assert.equal(hand.state.peer, null);
});

void test("a new code reaches the relay, and again after a drop", () => {
  const { hand, ref } = opening("create");
  hand.ok(ref, roomOk({ awaiting_party: true }));
  const fresh = { otp_hash: "8".repeat(64) };
  hand.tell({ type: "regate", code: "AAAA-2222", gate: fresh });
  assert.deepEqual(hand.sent().data, fresh);
  assert.equal(hand.state.code, "P2K4-9H7M", "the old one until the relay has the new one");
  hand.down(1006).wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk({ awaiting_party: true }));
  hand.ok(hand.sent().ref);
  assert.equal(hand.state.code, "AAAA-2222");
  assert.deepEqual(hand.state.gate, fresh);
  hand.wait(day / 24);
  assert.deepEqual(hand.names(), []);
});

void test("a new code that came too late is dropped", () => {
  const { hand, ref } = opening("create");
  hand.ok(ref, roomOk({ awaiting_party: true }));
  hand.tell({ type: "regate", code: "AAAA-2222", gate });
  const sent = hand.sent();
  hand.broadcast("party_paired", {});
  hand.error(sent.ref, "not_found");
  assert.equal(hand.state.code, "P2K4-9H7M");
  assert.equal(hand.state.regate, null);
  hand.tell({ type: "regate", code: "AAAA-2222", gate });
  assert.deepEqual(hand.names(), [], "there is no seat to offer");
});

void test("leaving forgets everything", () => {
  const hand = inside({ current_message: message("m1", "other") });
  write(hand, "text");
  hand.tell({ type: "leave" });
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state, { ...initial, at: hand.at, commands: hand.did, cover: { ...initial.cover, active: hand.at } });
});

void test("a second start lets go of the first", () => {
  const hand = inside({ current_message: message("m1", "other") });
  write(hand, "text");
  hand.tell({ type: "start", who: who("enter", { author: "else" }) });
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
  assert.equal(hand.state.slot, null);
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.roomId, "");
});

void test("wiping for both", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "wipe" });
  const { event, ref } = hand.sent();
  assert.equal(event, "expire_room");
  hand.ok(ref);
  hand.broadcast("room_expired");
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state.notice, { say: "wiped" });
});

void test("wiping for both: the close alone is enough, in any order", () => {
  const hand = inside();
  hand.tell({ type: "wipe" });
  hand.down(1000);
  assert.deepEqual(hand.state.notice, { say: "wiped" });
});

void test("wiping for both without network is done on coming back, and sends nothing else", () => {
  const hand = inside();
  hand.down(1006);
  hand.tell({ type: "draft", text: "text" }).tell({ type: "send", nonce: nonce(1) });
  hand.tell({ type: "wipe" });
  hand.tell({ type: "sealed", nonce: nonce(1), sealed: { ciphertext: "c", iv: "i" } });
  hand.wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk());
  assert.deepEqual(hand.names(), ["expire_room"]);
  hand.wait(10_000);
  assert.deepEqual(hand.names(), ["hangup", "dial"], "no answer");
  hand.tell({ type: "up" });
  hand.error(hand.sent().ref, "not_found");
  assert.deepEqual(hand.state.notice, { say: "wiped" }, "the first one did it");
  assert.equal(hand.state.phase, "open");
});

void test("the other wipes: nothing is left", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "draft", text: "half" });
  hand.broadcast("room_expired");
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state.notice, { say: "wipedThere" });
  assert.equal(hand.state.slot, null);
  assert.equal(hand.state.draft, "");
});

void test("time is up: what was being written is kept, and nothing else", () => {
  for (const draft of ["half", ""]) {
    const hand = inside({ current_message: message("m1", "other"), ttl_expires_at: stamp(start) });
    hand.tell({ type: "keep", count: 5 });
    openText(hand.broadcast("new_message", message("m2", "other")), "iv-m2");
    assert.equal(hand.state.past.length, 1);
    hand.tell({ type: "draft", text: draft });
    hand.tell({ type: "cover", event: "hide" });
    hand.broadcast("room_expired");
    assert.deepEqual(hand.state.notice, { say: "ended" });
    assert.equal(hand.state.slot, null);
    assert.deepEqual(hand.state.past, []);
    assert.equal(hand.state.draft, draft);
    assert.equal(hand.state.phase, draft ? "gone" : "open");
    assert.equal(hand.state.cover.kind, draft ? "curtain" : "none");
    hand.wait(day / 24 / 12);
    assert.deepEqual(hand.state.notice, { say: "ended" }, "until it was seen");
  }
});
