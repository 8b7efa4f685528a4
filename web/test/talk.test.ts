// Two sessions talk over a relay while everything happens in any order: frames
// wait, lines drop, sealing takes its time, phones sleep, the relay restarts.
// Each seed is one such history; a failure names its seed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readFrame } from "../src/session/frames";
import { due, step } from "../src/session/session";
import { canChange, canWrite } from "../src/session/slot";
import type { Command, Event, State } from "../src/session/state";
import { dice } from "./dice";
import { awake, gate, nonce, start } from "./kit";
import { FakeRelay, type Line, type Taken } from "./relay";

class World {
  at = start;
  readonly random: () => number;
  readonly relay: FakeRelay;
  readonly phones: Phone[];
  /** Every text that was ever sealed, by its iv. */
  readonly sealed = new Map<string, string>();

  constructor(seed: number) {
    this.random = dice(seed);
    this.relay = new FakeRelay(() => this.at, () => this.chance(0.5));
    this.phones = ["ann", "ben"].map((name) => new Phone(this, name));
  }

  pick<T>(from: readonly T[]): T {
    const one = from[Math.floor(this.random() * from.length)];
    if (one === undefined) throw new Error("nothing to pick");
    return one;
  }

  chance(p: number): boolean {
    return this.random() < p;
  }
}

/** One socket, seen from the phone: frames wait in it, both ways. */
class Wire implements Line {
  up: string[] = [];
  down: (string | number)[] = [];
  open = false;
  cut = false;

  deliver(frame: object): void {
    this.down.push(JSON.stringify(frame));
  }

  close(code: number): void {
    this.down.push(code);
  }
}

class Phone {
  state: State = awake;
  wire: Wire | null = null;
  /** Sealing and opening that is not done yet. */
  jobs: (() => void)[] = [];
  /** Ids of the other's messages in the order they were shown, with the last text of each. */
  readonly shown = new Map<string, string>();
  /** Texts that were written and sent, in order. */
  readonly written: string[] = [];
  private count = 0;

  constructor(
    private readonly world: World,
    readonly name: string,
  ) {}

  tell(event: Event): void {
    this.state = step(this.state, event, this.world.at);
    for (const command of this.state.commands) this.run(command);
    const { slot } = this.state;
    if (slot && !slot.mine && typeof slot.text === "string" && this.state.seen === slot.id) {
      this.shown.set(slot.id, slot.text);
    }
  }

  /** Writes something, changes it or takes it back, as a person might. */
  act(): void {
    const { world, state } = this;
    if (canChange(state) && typeof state.slot?.text === "string" && state.slot.text && !state.editing && world.chance(0.2)) {
      if (world.chance(0.3)) this.tell({ type: "delete", nonce: this.nonce() });
      else {
        this.tell({ type: "edit" });
        this.tell({ type: "draft", text: state.slot.text + "*" });
        this.tell({ type: "send", nonce: this.nonce() });
      }
      return;
    }
    if (!canWrite(state) || state.job) return;
    // An edit that came too late is left in the draft; sent, it would be a second message.
    if (["goneMessage", "alreadyRead", "answered", "stale"].includes(state.notice?.say ?? "")) {
      const text = state.draft.split("\n").filter((line) => !line.endsWith("*")).join("\n");
      this.tell({ type: "draft", text });
    }
    // What is in the composer is sent first: nobody throws away what was kept for them.
    if (!this.state.draft) {
      const text = `${this.name} ${++this.count}`;
      this.tell({ type: "draft", text });
      this.written.push(text);
    }
    this.tell({ type: "send", nonce: this.nonce() });
  }

  private nonce(): string {
    return nonce(Math.floor(this.world.random() * 2 ** 48));
  }

  private run(command: Command): void {
    const { world } = this;
    switch (command.do) {
      case "dial":
        this.wire = new Wire();
        break;
      case "hangup":
        // What is on its way may still get there.
        if (this.wire) this.wire.cut = true;
        if (this.wire) leftBehind.push([this.wire, this.name]);
        this.wire = null;
        break;
      case "frame":
        this.wire?.up.push(JSON.stringify({ event: command.event, ref: command.ref, data: command.data }));
        break;
      case "greet":
      case "hear":
      case "take":
      case "accept":
      case "drop":
        throw new Error("of sotto-2");
      case "seal": {
        const { nonce: id, text } = command;
        assert.ok(typeof text === "string");
        const iv = `iv${world.sealed.size}`;
        world.sealed.set(iv, text);
        this.jobs.push(() => { this.tell({ type: "sealed", nonce: id, sealed: { ciphertext: "c" + iv, iv } }); });
        break;
      }
      case "open": {
        const { iv } = command.sealed;
        this.jobs.push(() => { this.tell({ type: "opened", iv, text: world.sealed.get(iv) ?? null }); });
        break;
      }
      case "unlock":
      case "forget":
      case "blank":
      case "ring":
        break;
    }
  }
}

/** Wires that were hung up with frames in them. */
let leftBehind: [Wire, string][] = [];

const drop = (world: World, phone: Phone, wire: Wire, code: number): void => {
  world.relay.gone(wire);
  phone.wire = null;
  phone.tell({ type: "down", code, luck: world.random() });
};

/** One thing happens somewhere. */
const happen = (world: World, calm: boolean): void => {
  const phone = world.pick(world.phones);
  const { wire } = phone;
  const roll = world.random();
  if (roll < 0.08) phone.jobs.shift()?.();
  else if (roll < 0.1 && leftBehind.length) {
    const [old, name] = leftBehind.shift() ?? [];
    if (!old || !name) return;
    // Of a wire that was hung up the relay may still get the first frames.
    if (old.open) for (const text of old.up.slice(0, Math.floor(world.random() * (old.up.length + 1)))) world.relay.receive(old, text);
    world.relay.gone(old);
  } else if (wire && !wire.open) {
    if (!calm && world.chance(0.1)) drop(world, phone, wire, 1006);
    else {
      wire.open = true;
      phone.tell({ type: "up" });
    }
  } else if (roll < 0.35) {
    const text = wire?.up.shift();
    if (wire && text !== undefined) world.relay.receive(wire, text);
  } else if (roll < 0.65) {
    const frame = wire?.down.shift();
    if (wire && typeof frame === "number") drop(world, phone, wire, frame);
    else if (typeof frame === "string") {
      const read = readFrame(frame);
      if (read) phone.tell({ type: "frame", frame: read });
    }
  } else if (roll < 0.7) {
    world.at += Math.floor(world.random() * 700);
    for (const one of world.phones) if (due(one.state) <= world.at) one.tell({ type: "tick" });
  } else if (calm) return;
  else if (roll < 0.72 && wire) {
    // The line breaks; the relay may still get what was on its way.
    while (wire.up.length && world.chance(0.5)) world.relay.receive(wire, wire.up.shift() ?? "");
    drop(world, phone, wire, world.pick([1006, 1001, 4000]));
  } else if (roll < 0.725) {
    // The line goes silent: nothing more gets through, nobody is told.
    if (wire) wire.up = wire.down = Object.assign([], { push: () => 0 });
  } else if (roll < 0.74) phone.tell({ type: "check" });
  else if (roll < 0.76) phone.tell({ type: "attention", on: world.chance(0.8) });
  else if (roll < 0.86) phone.act();
};

const begin = (world: World): void => {
  leftBehind = [];
  for (const [i, phone] of world.phones.entries()) {
    const { name } = phone;
    phone.tell({
      type: "start",
      who: {
        purpose: i ? "enter" : "create",
        author: name,
        credentials: { sender_hash: name, access_hash: name },
        code: "P2K4-9H7M",
        gate,
        blind: null,
      },
    });
    phone.tell({ type: "attention", on: true });
    for (let n = 0; n < 2000 && phone.state.phase !== "in"; n++) happen(world, true);
    assert.equal(phone.state.phase, "in");
  }
};

/** Lets everything that is under way come to its end. */
const rest = (world: World): void => {
  for (const phone of world.phones) {
    phone.tell({ type: "attention", on: true });
    // A line that went silent while nothing was asked of it is found out by looking.
    phone.tell({ type: "check" });
  }
  for (let n = 0; n < 4000; n++) happen(world, true);
  world.at += 60_000;
  for (let n = 0; n < 4000; n++) happen(world, true);
};

const check = (world: World, history: string): void => {
  const { relay, phones, sealed } = world;
  for (const phone of phones) {
    const { state, name } = phone;
    const other = phones.find((one) => one !== phone);
    assert.ok(other);
    assert.equal(state.phase, "in", history);
    assert.equal(state.link, "joined", history);
    assert.equal(state.job, null, `${history}: something is still under way`);
    // Both see what the relay has.
    assert.equal(state.slot?.id, relay.current?.id, `${history}: ${name} sees another message`);
    assert.equal(state.slot?.text, relay.current ? sealed.get(relay.current.iv) : undefined, `${history}: another text`);
    assert.equal(state.slot?.read, relay.current?.read, `${history}: read or not`);

    const mine = relay.taken.filter(({ author }) => author === name);
    const texts = mine.map(({ iv }) => sealed.get(iv) ?? "");
    // Nothing twice, nothing out of order: what the relay took is what was written, in order.
    const kept = phone.written.filter((text) => texts.includes(text));
    assert.deepEqual(texts.map((text) => text.replace(/\*+$/, "")), kept, `${history}: order of ${name}`);
    // Nothing lost: what it did not take is still in the composer.
    for (const text of phone.written) {
      if (!texts.includes(text)) assert.ok(state.draft.startsWith(text), `${history}: ${text} is lost (${state.draft})`);
    }
    // Nothing unseen: whatever was answered had been shown. That an edit gets in
    // between a look and the answer is the protocol's: an answer names a message,
    // not its text.
    for (const { id, iv, edits, end } of mine) {
      const versions = [iv, ...edits].map((one) => sealed.get(one));
      const seen = other.shown.get(id);
      if (end === "replaced") assert.ok(seen && versions.includes(seen), `${history}: ${id} was not seen`);
      if (end === null) assert.equal(seen, versions.at(-1), `${history}: ${id} is not shown`);
    }
    // In the order of the relay.
    const order = [...other.shown.keys()].map((id) => mine.findIndex((one) => one.id === id));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), `${history}: shown out of order`);
  }
};

void test("nothing is lost, doubled, reordered or answered unseen, in 600 histories", () => {
  const all: Taken[] = [];
  for (let seed = 1; seed <= 600; seed++) {
    const world = new World(seed);
    begin(world);
    for (let n = 0; n < 1500; n++) happen(world, false);
    rest(world);
    check(world, `seed ${seed}`);
    all.push(...world.relay.taken);
  }
  // The histories were about something.
  const count = (what: (one: Taken) => boolean): number => all.filter(what).length;
  assert.ok(count(({ end }) => end === "replaced") > 2000);
  assert.ok(count(({ end }) => end === "deleted") > 500);
  assert.ok(count(({ edits }) => edits.length > 0) > 1000);
});

void test("after restarts both meet again in one room, and what nobody read is in the composer, in 200 histories", () => {
  let lost = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const world = new World(seed);
    begin(world);
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 300; n++) happen(world, false);
      // Both have to be there to hear that the relay restarts; a room that is
      // gone without a word is not made again by itself.
      rest(world);
      world.relay.restart();
      rest(world);
    }
    for (const phone of world.phones) {
      const history = `seed ${seed}, ${phone.name}`;
      assert.equal(phone.state.phase, "in", history);
      assert.match(phone.state.roomId, /^0{7}4-/, history);
      assert.equal(phone.state.awaiting, false, history);
      const other = world.phones.find((one) => one !== phone);
      for (const text of phone.written) {
        const taken = world.relay.taken.filter(({ iv }) => world.sealed.get(iv)?.includes(text));
        const arrived = taken.some(({ id, end }) => end !== "lost" || other?.shown.has(id));
        assert.ok(arrived || phone.state.draft.includes(text), `${history}: ${text} is lost`);
        lost += taken.filter(({ end }) => end === "lost").length;
      }
    }
    assert.equal(world.relay.seats, 2);
  }
  assert.ok(lost > 100, String(lost));
});
