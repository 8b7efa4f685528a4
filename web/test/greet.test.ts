// What a session of sotto-2 does beyond one of std-1, rule by rule.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Hand } from "./kit";
import { author as me, gate, greetingIn as joined, insideBlind as inside, message, nonce, opening, roomOk } from "./kit";

/** A message of one's own is there, sealed and unread. */
const waiting = (): Hand => {
  const hand = inside({ current_message: message("m1", me) });
  return hand.tell({ type: "opened", iv: "iv-m1", text: "text", lock: "sealed", empty: false, sent: 0 });
};

const seals = (hand: Hand) => hand.did.flatMap((command) => (command.do === "seal" ? [command.how] : []));

const write = (hand: Hand): Hand => hand.tell({ type: "draft", text: "words" }).tell({ type: "send", nonce: nonce(1) });

void test("nothing is sealed or sent before the relay has answered the hello", () => {
  const { hand, hello } = joined();
  write(hand);
  assert.deepEqual([seals(hand), hand.names()], [[], []]);
  hand.broadcast("presence", { connected: true });
  hand.ok(hello, {});
  assert.deepEqual(seals(hand).map((how) => how?.leave), [false]);
});

void test("an answer names the variant that it answers", () => {
  const hand = inside({ current_message: message("m1", "bb".repeat(32)) });
  hand.tell({ type: "opened", iv: "iv-m1", text: "text", lock: "sealed", empty: false, sent: 0 });
  hand.tell({ type: "attention", on: true }).wait(600);
  write(hand);
  hand.tell({ type: "sealed", nonce: nonce(1), sealed: { ciphertext: "c", iv: "i" } });
  assert.deepEqual(hand.sent().data, { ciphertext: "c", iv: "i", nonce: nonce(1), replaces: "m1", replaces_iv: "iv-m1" });
});

void test("a sealed message is left when the other goes or the page is put away, but not in open pages only", () => {
  for (const away of [
    (hand: Hand) => hand.broadcast("presence", { connected: false }),
    (hand: Hand) => hand.tell({ type: "hidden", on: true }),
  ]) {
    const how = { edit: true, empty: false, leave: true, anew: false, quiet: true };
    assert.deepEqual(seals(away(waiting())), [how]);
    assert.deepEqual(seals(away(waiting().tell({ type: "strict", on: true }))), []);
    const asked = away(waiting().tell({ type: "strict", on: true })).tell({ type: "let wait" });
    assert.deepEqual(seals(asked), [how]);
  }
});

void test("what is typed into an edit stays while the message is put under another lock, and goes out only when asked for again", () => {
  const hand = waiting().tell({ type: "edit" }).broadcast("presence", { connected: false });
  assert.equal(hand.state.job?.quiet, true);
  hand.tell({ type: "draft", text: "text, and m" });
  assert.equal(hand.state.draft, "text, and m");
  const quiet = hand.state.job.nonce;
  hand.tell({ type: "send", nonce: nonce(1) }).tell({ type: "draft", text: "text, and more" });
  hand.tell({ type: "sealed", nonce: quiet, sealed: { ciphertext: "c", iv: "i" } });
  hand.ok(hand.sent().ref, {});
  assert.deepEqual([hand.state.job, hand.state.draft], [null, "text, and more"]);
  hand.tell({ type: "send", nonce: nonce(2) });
  assert.deepEqual([hand.state.job.text, hand.state.job.kind], ["text, and more", "edit"]);
});

void test("a text that waited for a connection answers what was seen, or comes back", () => {
  const hand = inside();
  hand.down(1006);
  write(hand);
  hand.wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk({ sender_hash: me, current_message: message("m2", "bb".repeat(32)) }));
  hand.tell({ type: "hello", hello: "aGVsbG8=" });
  hand.ok(hand.sent().ref, {});
  assert.deepEqual(seals(hand), []);
  assert.equal(hand.state.job, null);
  assert.equal(hand.state.draft, "words");
  assert.deepEqual(hand.state.notice, { say: "stale" });
});

void test("what waits behind a new seal does not go out behind the curtain once the line broke, and that is said", () => {
  const hand = waiting().tell({ type: "edit" }).broadcast("presence", { connected: false });
  hand.tell({ type: "draft", text: "text, and more" }).tell({ type: "send", nonce: nonce(1) });
  assert.equal(hand.state.next?.kind, "send");
  hand.tell({ type: "cover", event: "hide" }).down(1006);
  assert.deepEqual([hand.state.next, hand.state.draft, hand.state.notice?.say], [null, "text, and more", "notSent"]);
});

void test("a frame that is too big for the relay is given up by the keys too, and what was put under another lock by itself without a word", () => {
  const hand = inside();
  write(hand);
  hand.tell({ type: "sealed", nonce: nonce(1), sealed: { ciphertext: "c", iv: "i" } }).down(1009);
  assert.deepEqual(hand.did, [{ do: "drop", nonce: nonce(1), gone: false }]);
  assert.deepEqual([hand.state.job, hand.state.draft, hand.state.notice?.say], [null, "words", "tooLongRelay"]);
  const quiet = waiting().broadcast("presence", { connected: false });
  assert.equal(quiet.down(1009).state.notice, null);
});

void test("another name for one's own seat in the same room is a fault", () => {
  const hand = inside();
  hand.down(1006).wait(1000).tell({ type: "up" });
  hand.ok(hand.sent().ref, roomOk({ sender_hash: "cc".repeat(32) }));
  assert.deepEqual(hand.state.notice, { say: "fault" });
  assert.equal(hand.state.phase, "open");
});

void test("who starts again after a restart is who they were, and is not asked for a PIN", () => {
  const { access_hash } = opening("enter", { author: "", blind: gate }).join;
  for (const code of [1012, 1006]) {
    const hand = inside();
    hand.down(code).wait(1000).tell({ type: "up" });
    hand.error(hand.sent().ref, "not_found");
    if (code === 1006) hand.tell({ type: "again", code: "", gate: null }).tell({ type: "up" });
    const { intent, ...join } = hand.sent().data;
    assert.deepEqual([intent, join.access_hash, join.otp_hash], [undefined, access_hash, gate.otp_hash]);
  }
});

void test("a relay that does not know hellos can't do private numbers", () => {
  const { hand } = joined();
  hand.wait(15_000);
  assert.deepEqual(hand.state.notice, { say: "noBlind" });
});
