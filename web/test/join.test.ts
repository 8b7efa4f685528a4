// Getting in, getting back, and what the relay may answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initial, type Notice } from "../src/session/state";
import { day, gate, Hand, inside, message, nonce, opening, openText, roomOk, stamp, start, who, write } from "./kit";

const me = { sender_hash: "me", access_hash: "mine" };
const resume = "f".repeat(64);

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

void test("back after a drop: return, with room and token, and no new keys", () => {
  const hand = inside();
  hand.down(1006);
  assert.equal(hand.state.link, "down");
  hand.wait(1000);
  assert.deepEqual(hand.names(), ["dial"]);
  hand.tell({ type: "up" });
  const { ref, data } = hand.sent();
  assert.deepEqual(data, { ...me, intent: "return", room_id: "room-1", resume, ext: 1 });
  hand.ok(ref, roomOk());
  assert.deepEqual(hand.names(), []);
  assert.equal(hand.state.link, "joined");
});

void test("a relay without tokens is returned to without one", () => {
  const hand = inside({ resume: undefined });
  hand.down(1006).wait(1000).tell({ type: "up" });
  assert.equal("resume" in hand.sent().data, false);
});

void test("the wait between dials doubles from half a second to eight, half of it chance", () => {
  for (const luck of [0, 0.999]) {
    const hand = inside();
    hand.wait(day / 24);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      hand.down(1006, luck);
      const from = hand.at;
      waits.push(hand.state.dialAt - from);
      hand.wait(hand.state.dialAt - from);
      assert.deepEqual(hand.names(), ["dial"]);
    }
    const want = [500, 1000, 2000, 4000, 4000, 4000, 4000];
    want.forEach((least, i) => {
      const most = Math.min(8000, 1000 * 2 ** i);
      const got = waits[i] ?? 0;
      assert.ok(got >= least && got <= most && (luck ? got > most * 0.99 : got === least), `${i}: ${got}`);
    });
  }
});

void test("only a good join makes the waits short again", () => {
  const hand = inside();
  for (let i = 0; i < 4; i++) {
    hand.down(1006);
    hand.wait(hand.state.dialAt - hand.at);
    hand.tell({ type: "up" });
  }
  const { ref } = hand.sent();
  assert.equal(hand.state.tries, 4);
  hand.ok(ref, roomOk());
  hand.wait(day / 24).down(1006);
  assert.equal(hand.state.dialAt - hand.at, 500);
});

void test("close codes", () => {
  for (const code of [1006, 1001, 1011, 1012, 1013, 4000, 4499]) {
    const hand = inside();
    hand.down(code);
    assert.equal(hand.state.phase, "in", String(code));
    assert.ok(hand.state.dialAt > hand.at);
  }
  for (const [code, say] of [[4500, "closed"], [4501, "tooMany"], [4999, "closed"]] as const) {
    const hand = inside();
    hand.down(code);
    assert.equal(hand.state.phase, "in");
    assert.deepEqual(hand.state.notice, { say });
    hand.tell({ type: "net", online: true });
    hand.tell({ type: "check" });
    hand.wait(day / 24);
    assert.deepEqual(hand.names(), [], "it comes back only when asked");
    hand.tell({ type: "retry" });
    assert.deepEqual(hand.names(), ["dial"]);
    assert.equal(hand.state.notice, null);

    const { hand: early } = opening("enter");
    early.down(code);
    assert.equal(early.state.phase, "open");
    assert.deepEqual(early.state.notice, { say });
  }
  const hand = inside();
  hand.down(1000);
  assert.deepEqual(hand.names(), ["hangup", "forget"]);
  assert.deepEqual(hand.state.notice, { say: "wipedThere" });
});

void test("a socket that closes when nobody is in a room is nobody's business", () => {
  const hand = new Hand();
  hand.down(1006);
  assert.equal(hand.state.phase, "open");
  hand.wait(day);
  assert.deepEqual(hand.did, []);
});

void test("coming back: the socket is asked, and given three seconds", () => {
  const hand = inside();
  hand.tell({ type: "check" });
  assert.equal(hand.sent().event, "join");
  assert.equal(hand.state.link, "joined");
  hand.tell({ type: "check" });
  assert.deepEqual(hand.names(), [], "one question at a time");
  hand.wait(2999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
});

void test("coming back: the answer is the whole state", () => {
  const hand = inside({ current_message: message("m1", "other") });
  hand.tell({ type: "check" });
  hand.ok(hand.sent().ref, roomOk({ current_message: message("m2", "other") }));
  assert.deepEqual(hand.names(), ["open"]);
  assert.equal(hand.state.slot?.id, "m2");
  hand.wait(day / 24);
  assert.deepEqual(hand.names(), []);
});

void test("coming back: any frame is a sign of life", () => {
  const hand = inside();
  hand.tell({ type: "check" });
  hand.wait(2000).broadcast("presence", { connected: true });
  hand.wait(2000);
  assert.deepEqual(hand.names(), []);
  hand.wait(8000);
  assert.deepEqual(hand.names(), ["hangup", "dial"], "the answer itself is still due");
});

void test("coming back while waiting to dial: at once, but not twice within a second", () => {
  const hand = inside();
  for (let i = 0; i < 4; i++) {
    hand.down(1006, 0.9);
    hand.wait(hand.state.dialAt - hand.at);
  }
  hand.down(1006, 0.9);
  hand.wait(2000);
  hand.tell({ type: "net", online: true });
  assert.deepEqual(hand.names(), ["dial"]);
  hand.down(1006, 0.9);
  hand.tell({ type: "check" });
  assert.deepEqual(hand.names(), []);
  hand.wait(999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["dial"]);
});

void test("coming back to an old dial gives it three more seconds", () => {
  const hand = inside();
  hand.down(1006).wait(1000);
  hand.wait(10_000);
  hand.tell({ type: "check" });
  hand.wait(3000);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
});

void test("without network the phone says so and dials on", () => {
  const hand = inside();
  hand.tell({ type: "net", online: false });
  assert.equal(hand.state.offline, true);
  assert.deepEqual(hand.names(), ["join"], "some say so while they have one");
  hand.wait(3000);
  assert.deepEqual(hand.names(), ["hangup", "dial"]);
  hand.down(1006).wait(1000);
  assert.deepEqual(hand.names(), ["dial"]);
});

void test("not_joined on a socket leads to a new one", () => {
  const hand = inside();
  const sent = write(hand, "text");
  hand.error(sent?.ref ?? "", "not_joined");
  assert.equal(hand.names()[0], "hangup");
  hand.wait(1000);
  assert.equal(hand.state.link, "dialing");
  assert.equal(hand.state.draft, "text");
});

void test("a return that is locked out waits until the lock ends", () => {
  const hand = inside();
  hand.down(1006).wait(1000).tell({ type: "up" });
  hand.error(hand.sent().ref, "locked", { retry_after: 600 });
  assert.deepEqual(hand.names(), ["hangup"]);
  assert.deepEqual(hand.state.notice, { say: "locked", until: hand.at + 600_000 });
  hand.wait(599_999);
  assert.deepEqual(hand.names(), []);
  hand.wait(1);
  assert.deepEqual(hand.names(), ["dial"]);
});

void test("a return that is refused for good is not repeated: each try would count", () => {
  for (const reason of ["unauthorized", "otp_required", "otp_invalid", "invalid_sender", "whatever"]) {
    const hand = inside();
    hand.down(1006).wait(1000).tell({ type: "up" });
    hand.error(hand.sent().ref, reason);
    assert.deepEqual(hand.names(), ["hangup"]);
    assert.deepEqual(hand.state.notice, { say: "closed" }, reason);
    hand.wait(day / 24);
    assert.deepEqual(hand.names(), []);
  }
});

void test("a return that is too much for the relay just now is repeated later", () => {
  for (const reason of ["rate_limited", "internal_error"]) {
    const hand = inside();
    hand.down(1006).wait(1000).tell({ type: "up" });
    hand.error(hand.sent().ref, reason);
    hand.wait(7999);
    assert.deepEqual(hand.names(), []);
    hand.wait(1);
    assert.deepEqual(hand.names(), ["dial"], reason);
  }
});

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
