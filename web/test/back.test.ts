// Getting back, and what the relay may answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { day, Hand, inside, message, opening, roomOk, write } from "./kit";

const me = { sender_hash: "me", access_hash: "mine" };
const resume = "f".repeat(64);

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
