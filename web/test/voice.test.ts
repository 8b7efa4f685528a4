// Voice notes: they go out like texts, but may take their time, be taken back,
// and are overwritten when the page lets go of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { canEdit } from "../src/session/slot";
import type { Voice } from "../src/session/state";
import { canSpeak, uploadLasts } from "../src/session/voice";
import { author, back, backBlind, day, insideBlind, inside, message, nonce, own, seal, sealed, stamp, start, type Hand, type Sent } from "./kit";

const recording = (): Voice => ({ ms: 1500, type: "audio/webm;codecs=opus", data: Uint8Array.of(1, 2, 3) });
const isWiped = ({ data }: Voice): boolean => data.every((byte) => !byte);

/** Records and sends; gives the frame that went out. */
const speak = (hand: Hand, voice: Voice, n = 1): Sent => {
  hand.tell({ type: "voice", voice });
  assert.equal(canSpeak(hand.state), false, "one at a time");
  hand.tell({ type: "send", nonce: nonce(n) });
  assert.deepEqual(hand.did.flatMap((command) => (command.do === "seal" ? [command.text] : [])), [voice]);
  const sent = seal(hand, n);
  assert.ok(sent);
  return sent;
};

/** The other's message comes in and is opened. */
const hears = (hand: Hand, id: string, text: Voice | string): void => {
  hand.broadcast("new_message", message(id, "bb".repeat(32)));
  hand.tell({ type: "opened", iv: `iv-${id}`, text, lock: "sealed", empty: false, sent: 0 });
  hand.tell({ type: "attention", on: true }).wait(500);
};

/** The n-th sealing is in the slot, and the author's. */
const mine = (n: number) => ({ ...own(n), sender_hash: author });

void test("a recording goes before the draft, which stays; it is kept until the relay has it, and while it is in the slot", () => {
  const hand = insideBlind();
  const voice = recording();
  hand.tell({ type: "draft", text: "half" });
  const { ref, event, data } = speak(hand, voice);
  assert.equal(event, "send_message");
  assert.deepEqual(data, { ...sealed(1), nonce: nonce(1), replaces: null });
  assert.equal(hand.state.voice, voice);
  hand.tell({ type: "voice", voice: null });
  assert.equal(hand.state.voice, voice, "what is under way can't be changed");
  hand.broadcast("new_message", mine(1));
  hand.ok(ref, { message_id: "own-1" });
  assert.deepEqual([hand.state.voice, hand.state.draft, hand.state.slot?.text], [null, "half", voice]);
  assert.equal(canEdit(hand.state), false, "what was said can't be written over");
  assert.deepEqual([...voice.data], [1, 2, 3]);
});

void test("only in a room of sotto-2, while nothing else is under way there", () => {
  assert.equal(canSpeak(insideBlind().state), true);
  const short = inside();
  assert.equal(canSpeak(short.state), false);
  assert.equal(short.tell({ type: "voice", voice: recording() }).state.voice, null);
  assert.equal(canSpeak(insideBlind().tell({ type: "wipe" }).state), false);
  const hand = insideBlind({ current_message: message("m1", author) });
  hand.tell({ type: "opened", iv: "iv-m1", text: "text", lock: "sealed", empty: false, sent: 0 });
  assert.equal(canSpeak(hand.tell({ type: "edit" }).state), false);
});

void test("on a slow line it has two minutes, where a text has ten seconds; each socket gives it as much again", () => {
  const hand = insideBlind();
  hand.tell({ type: "draft", text: "text" }).tell({ type: "send", nonce: nonce(9) });
  seal(hand, 9);
  assert.equal(hand.wait(10_000).names()[0], "hangup");
  const slow = insideBlind();
  speak(slow, recording());
  slow.wait(uploadLasts / 2).broadcast("counterparty_typing").tell({ type: "check" });
  assert.deepEqual(slow.wait(uploadLasts / 2 - 1).names(), []);
  assert.equal(slow.wait(1).names()[0], "hangup", "the line is dead");
});

void test("after a reconnect it goes out again as it was, with its nonce", () => {
  const hand = insideBlind();
  const { data } = speak(hand, recording());
  backBlind(hand);
  const again = hand.sent();
  assert.deepEqual([again.event, again.data], ["send_message", data]);
  hand.wait(uploadLasts - 1);
  assert.equal(hand.state.link, "joined");
  backBlind(hand, { current_message: mine(1) });
  assert.deepEqual([hand.state.job, hand.state.voice], [null, null], "seeing it there is as good as the answer");
});

void test("cancel: what waits for a connection never goes; what went is deleted once it is there, and stays in the composer", () => {
  const waiting = insideBlind();
  waiting.down(1006);
  const voice = recording();
  waiting.tell({ type: "voice", voice }).tell({ type: "send", nonce: nonce(1) }).tell({ type: "cancel" });
  backBlind(waiting);
  assert.deepEqual([waiting.names(), waiting.state.job, waiting.state.voice], [[], null, voice]);

  const sealing = insideBlind();
  sealing.tell({ type: "voice", voice }).tell({ type: "send", nonce: nonce(1) }).tell({ type: "cancel" });
  assert.deepEqual(sealing.names(), ["drop"]);
  assert.equal(seal(sealing, 1), undefined);

  const gone = insideBlind();
  const { ref } = speak(gone, voice);
  assert.deepEqual(gone.tell({ type: "cancel" }).names(), []);
  backBlind(gone);
  assert.notEqual(gone.sent().ref, ref, "it may have arrived");
  gone.ok(gone.sent().ref, { message_id: "own-1" });
  gone.broadcast("new_message", mine(1));
  assert.deepEqual(gone.did.flatMap((command) => (command.do === "seal" ? [command.how?.empty] : [])), [true]);
  assert.deepEqual([gone.state.voice, gone.state.job?.target], [voice, "own-1"]);
});

void test("cancel: another message than the one that went is not deleted, and what was heard is given up", () => {
  const hand = insideBlind();
  const { ref } = speak(hand, recording());
  hand.tell({ type: "cancel" });
  hand.broadcast("new_message", message("m2", author));
  hand.tell({ type: "opened", iv: "iv-m2", text: "from another page", lock: "elsewhere", empty: false, sent: 0 });
  hand.error(ref, "not_your_turn");
  assert.deepEqual([hand.state.job, hand.state.notice?.say], [null, "elsewhereFirst"]);

  const late = insideBlind();
  const sent = speak(late, recording());
  late.tell({ type: "cancel" });
  late.broadcast("new_message", mine(1));
  late.ok(sent.ref, { message_id: "own-1" });
  late.broadcast("message_read", { message_id: "own-1", read_at: stamp(start) });
  assert.equal(late.state.voice, null);
});

void test("what the relay refuses stays, and it is said why", () => {
  const words = { rate_limited: "busy", message_too_large: "tooLongRelay", stale: "stale", internal_error: "failed" };
  for (const [reason, word] of Object.entries(words)) {
    const hand = insideBlind();
    const voice = recording();
    hand.error(speak(hand, voice).ref, reason);
    assert.deepEqual([hand.state.job, hand.state.voice, hand.state.notice?.say], [null, voice, word]);
    assert.equal(isWiped(voice), false);
  }
});

void test("a restart or the end gives back what nobody has heard", () => {
  const hand = insideBlind();
  const voice = recording();
  hand.ok(speak(hand, voice).ref, { message_id: "own-1" });
  hand.down(1006);
  hand.wait(1000).tell({ type: "up" });
  hand.error(hand.sent().ref, "not_found");
  assert.deepEqual([hand.state.phase, hand.state.voice, hand.state.slot], ["gone", voice, null]);

  const over = insideBlind({ ttl_expires_at: stamp(start + 1000) });
  over.tell({ type: "voice", voice }).wait(1000).broadcast("room_expired");
  assert.deepEqual([over.state.phase, over.state.voice, over.state.notice?.say], ["gone", voice, "ended"]);
  assert.deepEqual([...voice.data], [1, 2, 3]);
});

void test("of the last messages that are kept notes are too, and each is overwritten when it goes", () => {
  const hand = insideBlind();
  hand.tell({ type: "keep", count: 5 });
  const notes: Voice[] = [];
  for (let n = 1; n <= 8; n++) {
    const theirs = recording();
    hears(hand, `m${n}`, theirs);
    const ours = recording();
    hand.ok(speak(hand, ours, n).ref, { message_id: `own-${n}` });
    notes.push(theirs, ours);
    assert.deepEqual(hand.state.past.map(({ text }) => text), notes.slice(0, -1).slice(-4));
    assert.deepEqual(notes.map(isWiped), notes.map((_, i) => i < notes.length - 5));
  }
  hand.tell({ type: "keep", count: 1 });
  assert.deepEqual(notes.filter((note) => !isWiped(note)), notes.slice(-1));
});

void test("whatever ends it takes all notes", () => {
  const endings: Record<string, (hand: Hand) => unknown> = {
    panic: (hand) => hand.tell({ type: "leave" }),
    wipe: (hand) => hand.tell({ type: "wipe" }).broadcast("room_expired"),
    fault: (hand) => hand.tell({ type: "fault" }),
    "wiped there": (hand) => hand.broadcast("room_expired"),
    forgetting: (hand) => hand.tell({ type: "cover", event: "hide" }).wait(11 * 60_000),
    "another room": (hand) => hand.tell({ type: "start", who: { purpose: "enter", author: "", credentials: {}, code: "", gate: null, blind: null } }),
  };
  for (const [name, end] of Object.entries(endings)) {
    const hand = insideBlind({ ttl_expires_at: stamp(start + day) });
    hand.tell({ type: "keep", count: 5 });
    const notes = [recording(), recording(), recording()] as const;
    hears(hand, "m1", notes[0]);
    hand.ok(speak(hand, notes[1]).ref, { message_id: "own-1" });
    hears(hand, "m2", "text");
    hand.tell({ type: "voice", voice: notes[2] });
    assert.deepEqual(notes.map(isWiped), [false, false, false], name);
    end(hand);
    assert.deepEqual(notes.map(isWiped), [true, true, true], name);
  }
});

void test("a note that comes in is not opened twice, and counts as read when it was looked at", () => {
  const hand = insideBlind();
  const voice = recording();
  hand.broadcast("new_message", message("m1", "bb".repeat(32)));
  hand.tell({ type: "opened", iv: "iv-m1", text: voice, lock: "sealed", empty: false, sent: 0 });
  back(hand, { sender_hash: author, current_message: message("m1", "bb".repeat(32)) });
  assert.equal(hand.state.slot?.text, voice);
  hand.tell({ type: "attention", on: true }).wait(500);
  assert.equal(hand.sent().event, "read_receipt");
});
