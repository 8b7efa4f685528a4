// The session at work: with a socket and an engine that do as they are told.

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Engine } from "../src/engine";
import { due, step } from "../src/session/session";
import { createSession, type Session, type Start } from "../src/socket";
import { roomOk, stamp } from "./kit";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: { event: string; ref: string; data: Record<string, unknown> }[] = [];
  closed = false;
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  onclose?: (event: { code: number }) => void;

  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket["sent"][number]);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  give(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const last = (): FakeSocket => {
  const socket = FakeSocket.all.at(-1);
  assert.ok(socket);
  return socket;
};

/** What a text is sealed as. */
const sealed = (text: string): { ciphertext: string; iv: string } => ({ ciphertext: `c(${text})`, iv: `iv(${text})` });

/** How often a secret was overwritten. */
let overwritten = 0;

const engine: Engine = {
  maxBytes: 100,
  identify: (number, pin) =>
    Promise.resolve({
      path: `room/${number}/ws`,
      author: "me",
      credentials: { access_hash: pin },
      blind: null,
      isPin: (other) => Promise.resolve(other === pin),
      forget() {
        overwritten++;
      },
      unlock: () =>
        Promise.resolve({
          run(command) {
            if (command.do === "seal" && typeof command.text === "string") {
              return Promise.resolve([{ type: "sealed", nonce: command.nonce, sealed: sealed(command.text) }]);
            }
            assert.ok(command.do === "open");
            const { iv, ciphertext } = command.sealed;
            return Promise.resolve([{ type: "opened", iv, text: ciphertext.slice(2, -1) }]);
          },
          compare: () => Promise.resolve(""),
          forget: () => undefined,
        }),
    }),
};

const start: Start = { engine, purpose: "enter", number: "number", pin: "pin", code: "", gate: null, invited: false };

const begins = (): Promise<Start> => Promise.resolve(start);

/** Lets everything that waits for nothing but its turn have it. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

const begin = (t: TestContext, base = "https://relay.example/private/"): Session => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.UTC(2026, 5, 1, 12) });
  FakeSocket.all = [];
  Object.assign(globalThis, { WebSocket: FakeSocket, document: { baseURI: base } });
  return createSession(() => undefined, () => undefined, () => undefined, () => ({ due, step }));
};

const enter = async (t: TestContext): Promise<Session> => {
  const session = begin(t);
  await session.start(begins);
  last().open();
  last().give({ ref: "1", ok: roomOk() });
  await settle();
  assert.equal(session.state().phase, "in");
  return session;
};

void test("the socket's address is beside the document's", async (t) => {
  for (const [base, want] of [
    ["https://relay.example/", "wss://relay.example/room/number/ws"],
    ["https://relay.example/private/", "wss://relay.example/private/room/number/ws"],
    ["http://localhost:8080/?x#y", "ws://localhost:8080/room/number/ws"],
  ] as const) {
    const session = begin(t, base);
    await session.start(begins);
    assert.equal(last().url.href, want);
    t.mock.timers.reset();
  }
});

void test("seals, sends, opens", async (t) => {
  const session = await enter(t);
  session.tell({ type: "draft", text: "hello" });
  session.tell({ type: "send", nonce: "n" });
  await settle();
  const frame = last().sent.at(-1);
  assert.equal(frame?.event, "send_message");
  assert.deepEqual(frame.data, { ...sealed("hello"), nonce: "n", replaces: null });
  const message = { id: "m1", sender_hash: "other", ...sealed("hi"), read_at: null, inserted_at: stamp(Date.now()) };
  last().give({ event: "new_message", data: message });
  await settle();
  assert.equal(session.state().slot?.text, "hi");
});

void test("keys that can't be had end it, and leave nobody waiting for a text to be sealed", async (t) => {
  const session = begin(t);
  const found = await engine.identify("number", "pin");
  const broken: Engine = { ...engine, identify: () => Promise.resolve({ ...found, unlock: () => Promise.reject(new Error("no keys")) }) };
  await session.start(() => Promise.resolve({ ...start, engine: broken }));
  last().open();
  last().give({ ref: "1", ok: roomOk() });
  session.tell({ type: "draft", text: "hello" });
  session.tell({ type: "send", nonce: "n" });
  await settle();
  assert.equal(session.state().job, null);
  assert.deepEqual(session.state().notice, { say: "fault" });
});

void test("a PIN that can't be compared just now is neither right nor wrong", async (t) => {
  const session = begin(t);
  const found = await engine.identify("number", "pin");
  const broken: Engine = { ...engine, identify: () => Promise.resolve({ ...found, isPin: () => Promise.reject(new Error("no memory")) }) };
  await session.start(() => Promise.resolve({ ...start, engine: broken }));
  assert.equal(await session.isPin("pin"), undefined);
});

void test("a socket that was given up is not heard any more", async (t) => {
  const session = await enter(t);
  const old = last();
  session.tell({ type: "check" });
  t.mock.timers.tick(3000);
  assert.ok(old.closed);
  assert.notEqual(last(), old);
  old.give({ event: "room_expired", data: {} });
  old.onclose?.({ code: 1000 });
  assert.equal(session.state().phase, "in");
});

void test("the phone's clock is set back: nothing waits for the old time to come again", async (t) => {
  const session = await enter(t);
  const { ttl } = session.state();
  const now = Date.now;
  const left = (): number => ttl - session.state().skew - session.state().at;
  const before = left();
  t.mock.method(Date, "now", () => now() - 86_400_000);
  session.tell({ type: "check" });
  assert.equal(left(), before);
  const old = last();
  t.mock.timers.tick(2999);
  assert.ok(!old.closed);
  t.mock.timers.tick(1);
  assert.ok(old.closed);
  assert.notEqual(last(), old);
  last().onclose?.({ code: 1006 });
  t.mock.timers.tick(1000);
  assert.equal(FakeSocket.all.length, 3);
});

void test("what is no frame is nothing", async (t) => {
  const session = await enter(t);
  const before = session.state();
  for (const data of ["", "null", "[", "1", new ArrayBuffer(3)]) last().onmessage?.({ data });
  assert.deepEqual({ ...session.state(), at: 0, commands: [] }, { ...before, at: 0, commands: [] });
});

void test("timers: dials again by itself", async (t) => {
  await enter(t);
  last().onclose?.({ code: 1006 });
  assert.equal(FakeSocket.all.length, 1);
  t.mock.timers.tick(1000);
  assert.equal(FakeSocket.all.length, 2);
});

void test("forgetting closes the socket, drops the keys, and ends what was begun", async (t) => {
  const session = await enter(t);
  assert.equal(session.number(), "number");
  assert.equal(await session.isPin("pin"), true);
  assert.equal(await session.isPin("other"), false);
  const verdict = session.isPin("other");
  const before = overwritten;
  session.tell({ type: "leave" });
  assert.equal(overwritten, before + 1, "the secret is overwritten");
  assert.equal(await verdict, undefined, "a verdict on the PIN of what is forgotten");
  assert.ok(last().closed);
  assert.equal(session.number(), "");
  assert.equal(await session.isPin("pin"), undefined);

  const count = FakeSocket.all.length;
  let load: (it: Start) => void = () => undefined;
  const begun = session.start(() => new Promise((resolve) => { load = resolve; }));
  session.tell({ type: "leave" });
  load(start);
  await begun;
  assert.equal(FakeSocket.all.length, count);
  assert.equal(overwritten, before + 2, "the secret of who did not get in");
  assert.equal(await session.isPin("pin"), undefined);
});

void test("who goes away while it is loaded and derived who they are gets in behind the curtain", async (t) => {
  for (const event of ["hide", "blur"] as const) {
    const session = begin(t);
    session.tell({ type: "form", form: { pin: "pin" } });
    let load: (it: Start) => void = () => undefined;
    const begun = session.start(() => new Promise((resolve) => { load = resolve; }));
    session.tell({ type: "cover", event });
    t.mock.timers.tick(61_000);
    assert.deepEqual([session.state().form.pin, session.state().cover.kind], ["", "none"]);
    load(start);
    await begun;
    last().open();
    last().give({ ref: "1", ok: roomOk() });
    session.tell({ type: "cover", event: "focus" });
    assert.deepEqual([session.state().phase, session.state().cover.kind], ["in", "curtain"]);
    t.mock.timers.reset();
  }
});
