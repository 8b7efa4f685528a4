// The relay forgets: by a restart that it announced, or one that it did not.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hand} from "./kit";
import { day, gate, inside, message, nonce, opening, openText, roomOk, stamp, start, write } from "./kit";

const me = { sender_hash: "me", access_hash: "mine" };
const withCode = { code: "P2K4-9H7M", gate };

/** Comes back to a relay that does not have the room. */
const lost = (hand: Hand, code: number): Hand => {
  hand.down(code);
  hand.wait(1000);
  hand.tell({ type: "up" });
  return hand.error(hand.sent().ref, "not_found");
};

void test("an announced restart: starts again behind the code by itself, on the same socket", () => {
  const hand = lost(inside({}, "enter", withCode), 1012);
  assert.deepEqual(hand.names(), ["join"]);
  const { ref, data } = hand.sent();
  assert.deepEqual(data, { ...me, ...gate, ext: 1 }, "finds the room behind the code, or makes it");
  assert.deepEqual(hand.state.notice, { say: "restarted" });
  hand.ok(ref, roomOk({ room_id: "room-2", awaiting_party: true }));
  assert.deepEqual(hand.names(), ["unlock"]);
  assert.equal(hand.state.phase, "in");
  assert.equal(hand.state.roomId, "room-2");
  assert.deepEqual(hand.state.notice, { say: "restarted" }, "still to be read");
  hand.down(1006).wait(1000);
  hand.tell({ type: "up" });
  assert.equal(hand.sent().data.intent, "return");
});

/** A room's name as relays make them, and what both of its pair know by it. */
const named = { room_id: "0a1b2c3d-0000-4000-8000-000000000001" };
const meeting = { otp_hash: "0a1b2c3d000040008000000000000001".repeat(2) };

void test("who were in there together meet again behind the name of the room, not behind the old invitation", () => {
  for (const [purpose, more] of [["create", withCode], ["enter", withCode], ["enter", {}]] as const) {
    const hand = inside({ ...named, awaiting_party: purpose === "create" }, purpose, more);
    if (purpose === "create") hand.broadcast("party_paired");
    lost(hand, 1012);
    const { ref, data } = hand.sent();
    assert.deepEqual(data, { ...me, ...meeting, ext: 1 });
    hand.ok(ref, roomOk({ room_id: "0a1b2c3d-0000-4000-8000-000000000002", awaiting_party: true }));
    assert.equal(hand.state.code, "", "the old code opens nothing");
    // Both have to have been in the second one for its name to be known to both.
    lost(hand, 1012);
    assert.deepEqual(hand.sent().data, { ...me, ...meeting, ext: 1 });
  }
});

void test("who is still alone starts again behind the code, which nobody has used", () => {
  const hand = lost(inside({ ...named, awaiting_party: true }, "create"), 1012);
  assert.deepEqual(hand.sent().data, { ...me, ...gate, ext: 1 });
});

void test("a new code after a restart takes the place of what both know", () => {
  const hand = lost(inside(named, "enter", withCode), 1006);
  hand.tell({ type: "again", code: "", gate: null }).tell({ type: "up" });
  assert.deepEqual(hand.sent().data, { ...me, ...meeting, ext: 1 });
  hand.error(hand.sent().ref, "otp_invalid");
  hand.tell({ type: "again", code: "AAAA-2222", gate: { otp_hash: "new" } }).tell({ type: "up" });
  assert.deepEqual(hand.sent().data, { ...me, otp_hash: "new", ext: 1 });
});

void test("that the relay restarted is to be read until the next message is", () => {
  for (const away of [false, true]) {
    const hand = lost(inside(named, "enter", withCode), 1012);
    hand.ok(hand.sent().ref, roomOk({ room_id: "room-2", current_message: message("m1", "other") }));
    hand.tell({ type: "hidden", on: away });
    hand.broadcast("new_message", message("m2", "other"));
    assert.deepEqual(hand.state.notice, away ? { say: "restarted" } : null);
  }
});

void test("an announced restart without the code: nothing by itself", () => {
  const hand = lost(inside(), 1012);
  assert.deepEqual(hand.names(), ["hangup"]);
  assert.equal(hand.state.phase, "gone");
  assert.deepEqual(hand.state.notice, { say: "restarted" });
  hand.wait(day);
  assert.deepEqual(hand.names(), []);
});

void test("a room that is gone without a word: nothing by itself, as the other may have wiped it", () => {
  const hand = lost(inside({}, "enter", withCode), 1006);
  assert.deepEqual(hand.names(), ["hangup"]);
  assert.deepEqual(hand.state.notice, { say: "missing" });
  hand.tell({ type: "again", ...withCode });
  assert.deepEqual(hand.names(), ["dial"]);
  hand.tell({ type: "up" });
  assert.deepEqual(hand.sent().data, { ...me, ...gate, ext: 1 });
});

void test("a restart in between is forgotten once the room was there again", () => {
  const hand = inside({}, "enter", withCode);
  hand.down(1012);
  hand.wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk());
  lost(hand, 1006);
  assert.deepEqual(hand.state.notice, { say: "missing" });
});

void test("what was on the relay unread comes back to the composer", () => {
  const hand = lost(inside({ current_message: message("m1", "me") }, "enter", withCode), 1012);
  assert.equal(hand.state.draft, "text of iv-m1");
  assert.equal(hand.state.slot, null);
  hand.ok(hand.sent().ref, roomOk({ room_id: "room-2" }));
  assert.equal(hand.state.draft, "text of iv-m1");
  hand.tell({ type: "send", nonce: nonce(5) });
  hand.tell({ type: "sealed", nonce: nonce(5), sealed: { ciphertext: "c", iv: "i" } });
  assert.equal(hand.sent().data.replaces, null);
});

void test("what was read does not come back", () => {
  const hand = lost(inside({ current_message: message("m1", "me", { read_at: stamp(start) }) }), 1012);
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot, null);
});

void test("what was to be deleted does not come back", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "delete", nonce: nonce(1) });
  lost(hand, 1012);
  assert.equal(hand.state.draft, "");
  assert.equal(hand.state.slot, null);
  assert.equal(hand.state.job, null);
});

void test("what was under way stays in the composer, once", () => {
  const hand = inside();
  write(hand, "hello");
  lost(hand, 1012);
  assert.equal(hand.state.draft, "hello");
  assert.equal(hand.state.job, null);
});

void test("an edit that was under way keeps the new text only", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "edit" });
  hand.tell({ type: "draft", text: "better" });
  lost(hand, 1012);
  assert.equal(hand.state.draft, "better");
  assert.equal(hand.state.editing, "");
});

void test("a draft of before and what comes back are both kept", () => {
  const hand = inside({ current_message: message("m1", "me") });
  hand.tell({ type: "draft", text: "later" });
  lost(hand, 1012);
  assert.equal(hand.state.draft, "text of iv-m1\nlater");
});

void test("the other's message stays to be read, is not on the relay, and can be answered there as if it were not", () => {
  const hand = lost(inside({ current_message: message("m1", "other") }, "enter", withCode), 1012);
  assert.equal(hand.state.slot?.gone, true);
  hand.ok(hand.sent().ref, roomOk({ room_id: "room-2" }));
  assert.equal(hand.state.slot.text, "text of iv-m1");
  hand.tell({ type: "attention", on: true });
  hand.wait(5000);
  assert.deepEqual(hand.names(), [], "no receipt for what is not there");
  assert.equal(write(hand, "answer")?.data.replaces, null);
  hand.broadcast("new_message", message("m2", "other"));
  assert.equal(hand.state.slot.id, "m2");
  assert.equal(hand.state.slot.gone, false);
});

void test("somebody else behind the code after a restart is told", () => {
  const hand = lost(inside({ current_message: message("m1", "other") }, "enter", withCode), 1012);
  hand.ok(hand.sent().ref, roomOk({ room_id: "room-2", current_message: message("m2", "somebody") }));
  assert.equal(hand.state.slot?.stranger, true);
});

void test("starting again where the other started with another code: asks for it, once", () => {
  for (const reason of ["otp_invalid", "otp_required"]) {
    const hand = lost(inside({}, "enter", withCode), 1012);
    hand.error(hand.sent().ref, reason);
    assert.deepEqual(hand.names(), ["hangup"]);
    assert.equal(hand.state.phase, "gone");
    assert.deepEqual(hand.state.notice, { say: "otherRef" });
    hand.wait(day);
    assert.deepEqual(hand.names(), [], "each try would count");
    hand.tell({ type: "again", code: "AAAA-2222", gate: { otp_hash: "new" } });
    hand.tell({ type: "up" });
    hand.ok(hand.sent().ref, roomOk({ room_id: "room-2" }));
    assert.equal(hand.state.phase, "in");
    assert.equal(hand.state.code, "AAAA-2222");
  }
});

void test("starting again where two others are already", () => {
  const hand = lost(inside({}, "enter", withCode), 1012);
  hand.error(hand.sent().ref, "unauthorized", { attempts_remaining: 9 });
  assert.deepEqual(hand.state.notice, { say: "held" });
  hand.wait(day);
  assert.deepEqual(hand.names(), []);
});

void test("starting again while the relay is swamped waits and goes on", () => {
  const hand = lost(inside({}, "enter", withCode), 1012);
  hand.error(hand.sent().ref, "rate_limited", { retry_after: 20 });
  hand.wait(19_999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["dial"]);
  hand.tell({ type: "up" });
  assert.deepEqual(hand.sent().data, { ...me, ...gate, ext: 1 });
});

void test("starting again and the line drops: goes on as it was", () => {
  const hand = lost(inside({}, "enter", withCode), 1012);
  hand.down(1006);
  hand.wait(1000);
  hand.tell({ type: "up" });
  const { ref, data } = hand.sent();
  assert.deepEqual(data, { ...me, ...gate, ext: 1 });
  hand.ok(ref, roomOk({ room_id: "room-2", awaiting_party: true }));
  assert.equal(hand.state.phase, "in", "in one's own room the open seat is no same PIN");
});

void test("again is for rooms that are gone, and once at a time", () => {
  const hand = inside();
  hand.tell({ type: "again", ...withCode });
  assert.deepEqual(hand.names(), []);
  lost(hand, 1006);
  hand.tell({ type: "again", ...withCode });
  hand.tell({ type: "again", ...withCode });
  assert.deepEqual(hand.names(), []);
});

void test("a check that finds the room gone", () => {
  const hand = inside({ current_message: message("m1", "other") }, "enter", withCode);
  hand.tell({ type: "check" });
  hand.error(hand.sent().ref, "not_found");
  assert.equal(hand.state.phase, "gone");
  assert.equal(hand.state.link, "down");
});

void test("nothing can be sent or wiped where there is no room", () => {
  const hand = lost(inside(), 1006);
  hand.tell({ type: "draft", text: "text" });
  hand.tell({ type: "send", nonce: nonce(1) });
  assert.deepEqual(hand.names(), []);
  hand.tell({ type: "wipe" });
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state.notice, { say: "wiped" });
});

void test("the old room's texts do not get into the new one", () => {
  const hand = lost(inside({ current_message: message("m1", "other") }, "enter", withCode), 1012);
  hand.ok(hand.sent().ref, roomOk({ room_id: "room-2", current_message: message("m2", "other") }));
  openText(hand, "iv-m1");
  assert.equal(hand.state.slot?.text, undefined);
  openText(hand, "iv-m2");
  assert.equal(hand.state.slot?.text, "text of iv-m2");
});

/** The relay of this socket is about to restart, and has no such room. */
const turnedAway = (hand: Hand): Hand => hand.error(hand.sent().ref, "restarting", { retry_after: 600 });

void test("a relay that restarts soon is left for another, and what it says is told where there is none", () => {
  for (const purpose of ["create", "enter"] as const) {
    const { hand } = opening(purpose);
    turnedAway(hand);
    assert.deepEqual(hand.did.at(-1), { do: "dial", elsewhere: true });
    hand.tell({ type: "up" });
    turnedAway(hand);
    assert.deepEqual(hand.names(), ["hangup", "forget"]);
    assert.deepEqual(hand.state.notice, { say: "restarting", count: 0, until: hand.at + 600_000 });
  }
});

void test("a room that began elsewhere is found there, by way of the relay that restarts", () => {
  const hand = inside();
  hand.down(1006).wait(1000);
  assert.deepEqual(hand.did, [{ do: "dial", elsewhere: false }]);
  hand.tell({ type: "up" });
  turnedAway(hand).tell({ type: "up" });
  assert.equal(hand.sent().data.intent, "return");
  hand.ok(hand.sent().ref, roomOk());
  assert.equal(hand.state.phase, "in");
});

void test("a room that no relay has is gone, restart or not, and waits for the restart to begin again", () => {
  const hand = inside({}, "enter", withCode);
  hand.down(1012).wait(1000).tell({ type: "up" });
  turnedAway(hand).tell({ type: "up" });
  turnedAway(hand);
  assert.equal(hand.state.phase, "gone");
  turnedAway(hand);
  assert.deepEqual(hand.names(), ["hangup"]);
  hand.wait(600_000);
  assert.deepEqual(hand.did, [{ do: "dial", elsewhere: false }]);
});

void test("how long the relay stays is known on this socket, and not by a word that is no number", () => {
  const hand = inside();
  hand.broadcast("restarting", { retry_after: 600 });
  assert.equal(hand.state.restartsAt, hand.at + 600_000);
  hand.broadcast("restarting", { retry_after: "soon" });
  assert.equal(hand.state.restartsAt, hand.at);
  assert.equal(hand.down(1012).state.restartsAt, 0);
});
