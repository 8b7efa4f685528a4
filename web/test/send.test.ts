// Sending: what leaves the composer, when, and what the relay may answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { canChange, canWrite, isQueued } from "../src/session/slot";
import { back, day, inside, message, nonce, openText, own, roomOk, seal, sealed, write } from "./kit";

void test("send: sealed, with nonce and what it answers; the text stays until the relay has it", () => {
  const hand = inside();
  hand.tell({ type: "draft", text: "hello" });
  hand.tell({ type: "send", nonce: nonce(1) });
  assert.deepEqual(hand.did, [{ do: "seal", nonce: nonce(1), text: "hello" }]);
  const frame = seal(hand, 1);
  assert.equal(frame?.event, "send_message");
  assert.deepEqual(frame.data, { ...sealed(1), nonce: nonce(1), replaces: null });
  assert.equal(hand.state.draft, "hello");
  hand.broadcast("new_message", own(1));
  hand.ok(frame.ref, { message_id: "own-1" });
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot?.text, "hello");
  assert.equal(hand.state.slot.read, false);
  assert.equal(canWrite(hand.state), false);
  assert.equal(canChange(hand.state), true);
  hand.wait(day / 24);
  assert.deepEqual(hand.names(), []);
});

void test("send: the answer may come before the broadcast", () => {
  const hand = inside();
  const frame = write(hand, "hello");
  hand.ok(frame?.ref ?? "", { message_id: "own-1" });
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot?.text, "hello", "it is never nowhere");
  hand.broadcast("new_message", own(1));
  assert.deepEqual(hand.names(), [], "known already");
  assert.equal(hand.state.slot.id, "own-1");
});

void test("send: nothing is sent twice by two taps", () => {
  const hand = inside();
  write(hand, "hello", 1);
  hand.tell({ type: "send", nonce: nonce(2) });
  assert.deepEqual(hand.names(), []);
  hand.tell({ type: "draft", text: "other" });
  assert.equal(hand.state.draft, "hello", "what is under way can't be changed");
});

void test("send: nothing but spaces is nothing", () => {
  const hand = inside();
  assert.equal(write(hand, " \n"), undefined);
  assert.equal(hand.state.job, null);
});

void test("send: it answers what was seen", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "attention", on: true });
  hand.wait(500);
  const frame = write(hand, "answer");
  assert.equal(frame?.data.replaces, "m1");
});

void test("send: a message that came in just before is not replaced unseen", () => {
  const hand = inside();
  hand.tell({ type: "attention", on: true });
  hand.tell({ type: "draft", text: "hello" });
  hand.broadcast("new_message", message("m1", "other"));
  openText(hand, "iv-m1");
  hand.wait(499);
  hand.tell({ type: "send", nonce: nonce(1) });
  assert.deepEqual(hand.names(), []);
  assert.deepEqual(hand.state.notice, { say: "unread" });
  assert.equal(hand.state.draft, "hello");
  hand.wait(1);
  hand.tell({ type: "send", nonce: nonce(1) });
  assert.equal(seal(hand, 1)?.data.replaces, "m1");
});

void test("send: what can't be opened can be answered, but is not read", () => {
  const hand = inside({ current_message: message("m1", "other") });
  const other = inside();
  other.tell({ type: "attention", on: true });
  other.broadcast("new_message", message("m2", "other"));
  other.tell({ type: "opened", iv: "iv-m2", text: null });
  other.wait(10_000);
  assert.deepEqual(other.names(), []);
  assert.equal(write(other, "what?")?.data.replaces, "m2");
  assert.equal(hand.state.slot?.text, "text of iv-m1");
});

void test("send: without network it waits here, and goes out once on coming back", () => {
  const hand = inside();
  hand.down(1006);
  assert.equal(write(hand, "hello"), undefined);
  assert.ok(hand.state.job);
  hand.wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk());
  assert.equal(hand.sent().event, "send_message");
  hand.tell({ type: "tick" });
  assert.deepEqual(hand.names(), []);
});

void test("send: what waits for a connection can be taken back and changed until it has gone", () => {
  for (const change of [{ type: "cancel" }, { type: "draft", text: "hello" }] as const) {
    const hand = inside();
    hand.down(1006);
    write(hand, "hello");
    assert.equal(isQueued(hand.state), true);
    hand.tell(change);
    assert.equal(hand.state.job, null);
    assert.equal(hand.state.draft, "hello");
    hand.wait(1000).tell({ type: "up" });
    hand.ok(hand.sent().ref, roomOk());
    assert.deepEqual(hand.names(), [], "not before it was asked for again");
    assert.equal(write(hand, "hello!", 2)?.data.nonce, nonce(2));
    hand.down(1006);
    hand.tell(change);
    assert.ok(hand.state.job, "it went out, and perhaps got there");
  }
});

void test("send: what waits for a connection does not go out behind the curtain, and that is said", () => {
  for (const away of [{ type: "cover", event: "hide" }, { type: "hidden", on: true }] as const) {
    const hand = inside({ current_message: message("m1", "me") });
    hand.down(1006);
    hand.tell({ type: "edit" });
    write(hand, "hello");
    hand.tell(away);
    hand.wait(1000).tell({ type: "up" });
    hand.ok(hand.sent().ref, roomOk({ current_message: message("m1", "me") }));
    assert.deepEqual(hand.names(), []);
    assert.equal(hand.state.draft, "hello");
    assert.deepEqual(hand.state.notice, { say: "notSent" });
  }
  // What was sent while there was a connection goes out, however long sealing takes.
  const hand = inside();
  hand.tell({ type: "draft", text: "hello" }).tell({ type: "send", nonce: nonce(1) });
  hand.tell({ type: "hidden", on: true });
  hand.tell({ type: "sealed", nonce: nonce(1), sealed: { ciphertext: "c", iv: "i" } });
  assert.equal(hand.sent().event, "send_message");
});

void test("send: what can't be sealed is no longer under way", () => {
  const hand = inside();
  hand.tell({ type: "draft", text: "hello" }).tell({ type: "send", nonce: nonce(1) });
  hand.tell({ type: "sealed", nonce: nonce(1), sealed: null });
  assert.equal(hand.state.job, null);
  assert.equal(hand.state.draft, "hello");
  assert.deepEqual(hand.state.notice, { say: "failed" });
});

void test("send: after a lost answer the same frame goes out again", () => {
  const hand = inside();
  const first = write(hand, "hello");
  back(hand);
  const again = hand.sent();
  assert.deepEqual(again.data, first?.data);
  assert.notEqual(again.ref, first?.ref);
  hand.ok(again.ref, { message_id: "own-1" });
  assert.equal(hand.state.draft, "");
  hand.ok(again.ref, { message_id: "own-1" });
});

void test("send: after a lost answer one's own message in the slot is answer enough", () => {
  const hand = inside();
  write(hand, "hello");
  back(hand, { current_message: own(1) });
  assert.deepEqual(hand.names(), []);
  assert.equal(hand.state.job, null);
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot?.text, "hello");
});

void test("send: after a lost answer and the other's reply the repeat is known as one", () => {
  const hand = inside();
  const first = write(hand, "hello");
  back(hand, { current_message: message("m2", "other") });
  const again = hand.did.find((command) => command.do === "frame");
  assert.deepEqual(again?.data, first?.data, "still the first nonce and what the first one answered");
  hand.ok(again?.ref ?? "", { message_id: "own-1" });
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot?.id, "m2", "an answer does not bring back what was replaced");
});

void test("send: the repeat of what came and went long ago is not shown as being there", () => {
  const hand = inside();
  write(hand, "hello");
  back(hand);
  hand.ok(hand.sent().ref, { message_id: "own-1" });
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot, null);
});

void test("send: a seal that comes late is not taken for another's", () => {
  const hand = inside();
  hand.tell({ type: "draft", text: "hello" });
  hand.tell({ type: "send", nonce: nonce(1) });
  hand.tell({ type: "sealed", nonce: nonce(2), sealed: { ciphertext: "c", iv: "i" } });
  assert.deepEqual(hand.names(), []);
  assert.equal(hand.state.job?.sealed, null);
});

void test("send: an answer of an old socket changes nothing", () => {
  const hand = inside();
  const first = write(hand, "hello");
  hand.down(1006);
  hand.error(first?.ref ?? "", "stale");
  assert.ok(hand.state.job);
});

void test("send: no answer within ten seconds, and the socket is given up", () => {
  const hand = inside();
  write(hand, "hello");
  hand.wait(9999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
  assert.equal(hand.state.draft, "hello");
});

for (const [reason, word] of [
  ["stale", "stale"],
  ["not_your_turn", "stale"],
  ["message_too_large", "tooLongRelay"],
  ["invalid_encoding", "failed"],
  ["internal_error", "failed"],
] as const) {
  void test(`send refused: ${reason}; the text is kept and said so`, () => {
    const hand = inside();
    const frame = write(hand, "hello");
    hand.error(frame?.ref ?? "", reason);
    assert.equal(hand.state.job, null);
    assert.equal(hand.state.draft, "hello");
    assert.deepEqual(hand.state.notice, { say: word });
    hand.wait(day / 24);
    assert.deepEqual(hand.names(), []);
    hand.tell({ type: "draft", text: "hello!" });
    assert.equal(hand.state.notice, null);
  });
}

void test("a frame that is too big for the relay is not sent for ever", () => {
  const hand = inside();
  write(hand, "hello");
  hand.down(1009);
  assert.equal(hand.state.job, null);
  assert.equal(hand.state.draft, "hello");
  assert.deepEqual(hand.state.notice, { say: "tooLongRelay" });
  assert.ok(hand.state.dialAt);
});

void test("both send at once: the loser's text stays, then answers what won", () => {
  const hand = inside();
  hand.tell({ type: "attention", on: true });
  const frame = write(hand, "hello");
  hand.broadcast("new_message", message("m1", "other"));
  openText(hand, "iv-m1");
  hand.error(frame?.ref ?? "", "stale");
  assert.equal(hand.state.draft, "hello");
  assert.equal(hand.state.slot?.id, "m1");
  hand.wait(500);
  hand.tell({ type: "send", nonce: nonce(2) });
  assert.deepEqual(seal(hand, 2)?.data, { ...sealed(2), nonce: nonce(2), replaces: "m1" });
});
