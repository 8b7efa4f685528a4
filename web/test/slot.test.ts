// The one message: reading, changing, and what the other one does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLeft } from "../src/session/room";
import { due } from "../src/session/session";
import { canChange, canWrite } from "../src/session/slot";
import { back, day, type Hand, inside, message, nonce, openText, own, roomOk, sealed, stamp, start, write } from "./kit";

void test("a message arrives, is opened, looked at for half a second and read", () => {
  const hand = inside();
  hand.tell({ type: "attention", on: true });
  hand.broadcast("new_message", message("m1", "other"));
  assert.deepEqual(hand.did, [{ do: "open", sealed: { ciphertext: "c-m1", iv: "iv-m1" } }]);
  assert.equal(hand.state.slot?.text, undefined);
  hand.wait(5000);
  assert.deepEqual(hand.names(), [], "not before it can be read");
  openText(hand, "iv-m1");
  hand.wait(499);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.sent().event, "read_receipt");
  assert.deepEqual(hand.sent().data, { message_id: "m1" });
  hand.wait(day / 24);
  assert.deepEqual(hand.names(), []);
});

void test("half a second is one piece", () => {
  const hand = inside({ current_message: message("m1", "other") });
  for (let i = 0; i < 5; i++) {
    hand.tell({ type: "attention", on: true });
    hand.wait(400);
    hand.tell({ type: "attention", on: false });
    hand.wait(400);
  }
  assert.equal(hand.state.seen, "");
});

void test("one's own message and one read elsewhere get no receipt", () => {
  for (const current of [message("m1", "me"), message("m1", "other", { read_at: stamp(start) })]) {
    const hand = inside({ current_message: current });
    hand.tell({ type: "attention", on: true });
    hand.wait(5000);
    assert.deepEqual(hand.names(), []);
  }
});

void test("a receipt that got lost is sent again on coming back", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "attention", on: true });
  hand.down(1006);
  hand.wait(700);
  assert.deepEqual(hand.names(), []);
  assert.equal(hand.state.seen, "m1");
  hand.wait(300).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk({ current_message: message("m1", "other") }));
  assert.equal(hand.sent().event, "read_receipt");
  assert.equal(hand.state.slot?.text, "text of iv-m1", "not opened again");
});

void test("read by the other", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.broadcast("message_read", { message_id: "m0", read_at: stamp(start) });
  assert.equal(hand.state.slot?.read, false);
  hand.broadcast("message_read", { message_id: "m1", read_at: stamp(start) });
  assert.equal(hand.state.slot.read, true);
  assert.equal(canChange(hand.state), false);
});

const edit = (hand: Hand, text: string, n: number): ReturnType<typeof write> => {
  hand.tell({ type: "edit" });
  return write(hand, text, n);
};

void test("edit", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "edit" });
  assert.equal(hand.state.draft, "text of iv-m1");
  assert.equal(canWrite(hand.state), true);
  const frame = write(hand, "better", 2);
  assert.equal(frame?.event, "edit_message");
  assert.deepEqual(frame.data, { ...sealed(2), message_id: "m1" });
  hand.broadcast("message_edited", { message_id: "m1", ...sealed(2) });
  hand.ok(frame.ref);
  assert.equal(hand.state.slot?.text, "better");
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.editing, "");
});

void test("edit: given up, the draft of before is there again", () => {
  const hand = inside();
  hand.tell({ type: "draft", text: "later" });
  hand.broadcast("new_message", message("m1", "me"));
  openText(hand, "iv-m1");
  hand.tell({ type: "edit" });
  hand.tell({ type: "edit" });
  hand.tell({ type: "draft", text: "half" });
  hand.tell({ type: "cancel" });
  assert.equal(hand.state.draft, "later");
  assert.equal(hand.state.editing, "");
});

void test("edit: only one's own, unread, and once it could be opened", () => {
  for (const current of [message("m1", "other"), message("m1", "me", { read_at: stamp(start) })]) {
    const hand = inside({ current_message: current });
    hand.tell({ type: "edit" });
    assert.equal(hand.state.editing, "");
  }
});

for (const reason of ["not_editable", "not_found", "message_too_large"]) {
  void test(`edit refused: ${reason}; the text stays as a draft`, () => {
    const hand = inside({ current_message: message("m1", "me") });
    const frame = edit(hand, "better", 2);
    hand.error(frame?.ref ?? "", reason);
    assert.equal(hand.state.draft, "better");
    assert.equal(hand.state.editing, "");
    assert.equal(hand.state.job, null);
    const want = { not_editable: "alreadyRead", not_found: "goneMessage", message_too_large: "tooLongRelay" }[reason];
    assert.equal(hand.state.notice?.say, want);
  });
}

void test("edit: read meanwhile, by a receipt or found so on coming back, it ends with a word", () => {
  const there = { current_message: message("m1", "me", { read_at: stamp(start) }) };
  const found: ((hand: Hand) => unknown)[] = [
    (hand) => hand.broadcast("message_read", { message_id: "m1", read_at: stamp(start) }),
    (hand) => back(hand, there),
  ];
  for (const happens of found) {
    const hand = inside({ current_message: message("m1", "me") });
    hand.tell({ type: "edit" }).tell({ type: "draft", text: "better" });
    happens(hand);
    assert.equal(hand.state.editing, "");
    assert.equal(hand.state.draft, "better");
    assert.deepEqual(hand.state.notice, { say: "alreadyRead" });
    const sent = inside({ current_message: message("m1", "me") });
    const frame = edit(sent, "better", 2);
    sent.broadcast("message_read", { message_id: "m1", read_at: stamp(start) });
    assert.equal(sent.state.editing, "m1", "the relay knows whether it came in time");
    sent.error(frame?.ref ?? "", "not_editable");
    assert.deepEqual(sent.state.notice, { say: "alreadyRead" });
  }
});

void test("edit: refused as not there while the other's answer is: it was read, not gone", () => {
  const hand = inside({ current_message: message("m1", "me") });
  const frame = edit(hand, "better", 2);
  hand.broadcast("new_message", message("m2", "other"));
  hand.error(frame?.ref ?? "", "not_found");
  assert.deepEqual(hand.state.notice, { say: "alreadyRead" });
});

void test("of two devices one loses its answer and the other goes on: told by the slot and the nonce", () => {
  const changed = { ...own(1), ciphertext: "newer", iv: "newer-iv" };
  for (const slot of [own(1), changed, message("m3", "me"), message("m4", "other"), null]) {
    const hand = inside();
    write(hand, "hello");
    back(hand, slot ? { current_message: slot } : {});
    const again = hand.did.find((command) => command.do === "frame");
    if (again) hand.ok(again.ref, { message_id: "own-1" });
    assert.equal(hand.state.draft, "", "it got there: not to be written again");
    assert.equal(hand.state.job, null);
    assert.equal(hand.state.notice, null);
    assert.equal(hand.state.slot?.id, slot ? (slot as { id?: unknown }).id : undefined, "what is there is what the relay has");
  }
  // It did not get there, and one's other device has written since.
  const hand = inside();
  write(hand, "hello");
  back(hand, { current_message: message("m3", "me") });
  hand.error(hand.did.find((command) => command.do === "frame")?.ref ?? "", "not_your_turn");
  assert.equal(hand.state.draft, "hello");
  assert.deepEqual(hand.state.notice, { say: "elsewhereFirst" });
});

void test("edit: after a lost answer it goes out again, unless it is there already", () => {
  const lost = inside({ current_message: message("m1", "me") });
  const first = edit(lost, "better", 2);
  back(lost, { current_message: message("m1", "me") });
  const again = lost.did.find((command) => command.do === "frame");
  assert.deepEqual(again?.data, first?.data);

  const done = inside({ current_message: message("m1", "me") });
  edit(done, "better", 2);
  back(done, { current_message: message("m1", "me", { ...sealed(2), read_at: stamp(start) }) });
  assert.deepEqual(done.names(), []);
  assert.equal(done.state.slot?.text, "better");
  assert.equal(done.state.editing, "");
  assert.equal(done.state.draft, "");
});

void test("edit: the message goes while it is being edited", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "edit" });
  hand.tell({ type: "draft", text: "half" });
  hand.broadcast("new_message", message("m2", "other"));
  assert.equal(hand.state.editing, "");
  assert.equal(hand.state.draft, "half");
  assert.deepEqual(hand.state.notice, { say: "alreadyRead" });

  const deleted = inside({ current_message: message("m1", "me") });
  deleted.tell({ type: "edit" });
  deleted.broadcast("message_deleted", { message_id: "m1" });
  assert.deepEqual(deleted.state.notice, { say: "goneMessage" });
});

void test("edit: after a lost answer and the other's reply it is told as answered, not as gone", () => {
  const hand = inside({ current_message: message("m1", "me") });
  edit(hand, "better", 2);
  back(hand, { current_message: message("m2", "other") });
  hand.error(hand.sent().ref, "not_found");
  assert.equal(hand.state.draft, "better");
  assert.deepEqual(hand.state.notice, { say: "answered" });
});

void test("edit: one that waits does not replace another device's newer one", () => {
  const newer = { ciphertext: "newer", iv: "newer-iv" };
  const lost = inside({ current_message: message("m1", "me") });
  edit(lost, "older", 2);
  back(lost, { current_message: message("m1", "me", newer) });
  assert.deepEqual(lost.names(), ["open"]);
  assert.equal(lost.state.job, null);
  assert.equal(lost.state.draft, "older");
  assert.deepEqual(lost.state.notice, { say: "elsewhereFirst" });

  const sealing = inside({ current_message: message("m1", "me") });
  sealing.tell({ type: "edit" });
  sealing.tell({ type: "draft", text: "older" });
  sealing.tell({ type: "send", nonce: nonce(2) });
  sealing.broadcast("message_edited", { message_id: "m1", ...newer });
  sealing.tell({ type: "sealed", nonce: nonce(2), sealed: { ciphertext: "sealed-2", iv: "sealed-iv-2" } });
  assert.deepEqual(sealing.names(), []);
});

void test("edit: one on its way is left to the relay, which has it after the other device's", () => {
  const hand = inside({ current_message: message("m1", "me") });
  const frame = edit(hand, "later", 2);
  hand.broadcast("message_edited", { message_id: "m1", ciphertext: "c", iv: "earlier-iv" });
  hand.ok(frame?.ref ?? "");
  assert.equal(hand.state.slot?.text, "later");
  assert.equal(hand.state.notice, null);
});

void test("edit: the other answers while the edit is under way", () => {
  const hand = inside({ current_message: message("m1", "me") });
  const frame = edit(hand, "better", 2);
  hand.broadcast("message_edited", { message_id: "m1", ...sealed(2) });
  hand.broadcast("new_message", message("m2", "other"));
  hand.ok(frame?.ref ?? "");
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot?.id, "m2");
});

void test("the other's edit is opened, of an unknown message ignored", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.broadcast("message_edited", { message_id: "m0", ciphertext: "c", iv: "i" });
  assert.deepEqual(hand.names(), []);
  hand.broadcast("message_edited", { message_id: "m1", ciphertext: "c2", iv: "i2" });
  assert.deepEqual(hand.did, [{ do: "open", sealed: { ciphertext: "c2", iv: "i2" } }]);
  openText(hand, "iv-m1");
  assert.equal(hand.state.slot?.text, undefined, "the old text came late");
  openText(hand, "i2");
  assert.equal(hand.state.slot?.text, "text of i2");
});

void test("delete", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "delete", nonce: nonce(1) });
  const { event, ref, data } = hand.sent();
  assert.equal(event, "delete_message");
  assert.deepEqual(data, { message_id: "m1" });
  hand.broadcast("message_deleted", { message_id: "m1" });
  hand.ok(ref);
  assert.equal(hand.state.slot, null);
  assert.equal(canWrite(hand.state), true);
  assert.equal(hand.state.job, null);
});

void test("delete refused because it was read", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "delete", nonce: nonce(1) });
  hand.error(hand.sent().ref, "not_deletable");
  assert.deepEqual(hand.state.notice, { say: "alreadyRead" });
  assert.equal(hand.state.slot?.id, "m1");
});

void test("delete: after a lost answer, not_found is what was wanted", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "delete", nonce: nonce(1) });
  back(hand);
  assert.equal(hand.state.slot, null);
  hand.error(hand.sent().ref, "not_found");
  assert.equal(hand.state.notice, null);
  assert.equal(hand.state.job, null);
});

void test("delete: only one's own and unread", () => {
  for (const current of [message("m1", "other"), message("m1", "me", { read_at: stamp(start) })]) {
    const hand = inside({ current_message: current });
    hand.tell({ type: "delete", nonce: nonce(1) });
    assert.deepEqual(hand.names(), []);
  }
});

void test("the other deletes what they wrote", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.broadcast("message_deleted", { message_id: "m0" });
  assert.equal(hand.state.slot?.id, "m1");
  hand.broadcast("message_deleted", { message_id: "m1" });
  assert.equal(hand.state.slot, null);
});

void test("another tab of one's own writes first", () => {
  const hand = inside();
  hand.tell({ type: "draft", text: "mine" });
  hand.broadcast("new_message", message("m1", "me"));
  openText(hand, "iv-m1");
  assert.equal(hand.state.slot?.text, "text of iv-m1");
  hand.tell({ type: "send", nonce: nonce(1) });
  assert.deepEqual(hand.names(), []);
  assert.equal(hand.state.draft, "mine");
});

void test("typing goes out once in three seconds, to somebody, in one's turn", () => {
  const hand = inside();
  const type = (text: string): string[] => hand.tell({ type: "draft", text }).names();
  assert.deepEqual(type("h"), ["typing"]);
  assert.deepEqual(type("he"), []);
  hand.wait(2999);
  assert.deepEqual(type("hel"), []);
  hand.wait(1);
  assert.deepEqual(type(""), [], "clearing is not typing");
  assert.deepEqual(type("hell"), ["typing"]);

  const alone = inside({ awaiting_party: true });
  assert.deepEqual(alone.tell({ type: "draft", text: "h" }).names(), []);
});

void test("typing of the other shows for a while, and ends with the message", () => {
  const hand = inside();
  hand.broadcast("counterparty_typing");
  assert.ok(hand.state.typingUntil);
  hand.wait(4999);
  assert.ok(hand.state.typingUntil);
  hand.wait(1);
  assert.equal(hand.state.typingUntil, 0);
  hand.broadcast("counterparty_typing");
  hand.broadcast("new_message", message("m1", "other"));
  assert.equal(hand.state.typingUntil, 0);
});

void test("the end is announced two days and twelve hours before, whatever this phone's clock says", () => {
  for (const wrong of [-day, 0, day]) {
    const hand = inside({ ttl_expires_at: stamp(start + 7 * day) });
    // The relay's clock is ahead by so much; the first stamp tells.
    hand.broadcast("new_message", message("m1", "other", { inserted_at: stamp(hand.at + wrong) }));
    assert.equal(timeLeft(hand.state), 7 * day - wrong);
    const before = timeLeft(hand.state);
    hand.wait(before - 2 * day - 1);
    assert.equal(due(hand.state), hand.at + 1);
    hand.wait(1);
    assert.equal(timeLeft(hand.state), 2 * day);
    hand.wait(1.5 * day);
    assert.equal(timeLeft(hand.state), day / 2);
    assert.equal(due(hand.state), Infinity);
  }
});

void test("frames of a hostile relay do no harm", () => {
  const odd: unknown[] = [null, 1, "x", [], {}, true, { id: {} }, "\u0000", 1e400, -1];
  for (const event of ["new_message", "message_edited", "message_deleted", "message_read", "presence", "party_paired",
    "counterparty_typing", "constructor", "__proto__", "toString"]) {
    for (const value of odd) {
      const hand = inside({ current_message: message("m1", "me") });
      const data = Object.fromEntries(
        ["id", "message_id", "sender_hash", "ciphertext", "iv", "read_at", "inserted_at", "ttl_expires_at", "connected"]
          .map((key) => [key, value]),
      );
      hand.frame({ event, data });
      hand.frame({ event, data: value });
      assert.equal(hand.state.phase, "in");
      assert.ok(Number.isFinite(hand.state.ttl) && Number.isFinite(hand.state.skew));
    }
  }
  for (const value of odd) {
    const hand = inside();
    hand.frame({ ref: value, ok: value });
    hand.frame({ ref: "1", ok: value });
    hand.frame({ ref: "1", error: value });
    assert.equal(hand.state.phase, "in");
  }
});

void test("a message of somebody who did not write here before says so", () => {
  const hand = inside({ current_message: message("m1", "other") });
  assert.equal(hand.state.slot?.stranger, false);
  hand.broadcast("new_message", message("m2", "somebody"));
  assert.equal(hand.state.slot.stranger, true);
  hand.broadcast("new_message", message("m3", "other"));
  assert.equal(hand.state.slot.stranger, false);
});
