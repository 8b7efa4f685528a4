// Two sessions of sotto-2 talk over a relay while everything happens in any
// order: frames wait, lines drop, keys take their time, pages close and come
// back, phones are put away, the relay restarts. Each seed is one such history.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keyring } from "../src/blind/engine";
import { newPage } from "../src/blind/state";
import type { Bytes } from "../src/blind/kdf";
import { utf8 } from "../src/bytes";
import type { Keyring } from "../src/engine";
import { readFrame } from "../src/session/frames";
import { mustWait } from "../src/session/lock";
import { due, step } from "../src/session/session";
import { canChange, canWrite } from "../src/session/slot";
import { initial, type Command, type Event, type KeyCommand, type State } from "../src/session/state";
import { cheap, sha } from "./cheap";
import { gate, nonce, start } from "./kit";
import { FakeRelay, type Line } from "./relay";

const dice = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

class Wire implements Line {
  up: string[] = [];
  down: (string | number)[] = [];
  open = false;

  deliver(frame: object): void {
    this.down.push(JSON.stringify(frame));
  }

  close(code: number): void {
    this.down.push(code);
  }
}

/** A variant that somebody sealed. */
interface Said {
  readonly text: string;
  readonly page: Page;
}

class World {
  at = start;
  readonly random: () => number;
  readonly relay: FakeRelay;
  readonly people: Person[];
  readonly said = new Map<string, Said>();

  constructor(seed: number) {
    this.random = dice(seed);
    this.relay = new FakeRelay(() => this.at, () => false);
    this.people = ["ann", "ben"].map((name) => new Person(this, name));
  }

  chance(p: number): boolean {
    return this.random() < p;
  }

  bytes(count: number): Bytes {
    return Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256));
  }

  suite = { kem: cheap, random: (count: number) => this.bytes(count) };
}

/** One life of a document. */
class Page {
  state: State = initial;
  wire: Wire | null = null;
  ring: Keyring | null = null;
  asked: KeyCommand[] = [];
  /** Texts that were written and sent, in order. */
  readonly written: string[] = [];

  constructor(
    private readonly world: World,
    private readonly person: Person,
  ) {}

  tell(event: Event): void {
    this.state = step(this.state, event, this.world.at);
    for (const command of this.state.commands) this.run(command);
  }

  private run(command: Command): void {
    switch (command.do) {
      case "dial":
        this.wire = new Wire();
        break;
      case "hangup":
        if (this.wire) this.world.relay.gone(this.wire);
        this.wire = null;
        break;
      case "frame":
        this.wire?.up.push(JSON.stringify({ event: command.event, ref: command.ref, data: command.data }));
        break;
      case "unlock": {
        const { room_id, sender_hash } = command.answer;
        const life = sha(utf8("life"), utf8(String(room_id)));
        const sender = Uint8Array.from(String(sender_hash).match(/../g) ?? [], (pair) => parseInt(pair, 16));
        this.asked = [];
        this.ring = keyring(newPage(life, this.world.bytes(8), sender), () => this.world.at, this.world.suite);
        break;
      }
      case "forget":
        this.ring?.forget();
        this.ring = null;
        this.asked = [];
        break;
      default:
        this.asked.push(command);
    }
  }

  /** The keys do the next thing that they were asked for. */
  async work(): Promise<void> {
    const command = this.asked.shift();
    const { ring } = this;
    if (!command || !ring) return;
    for (const event of await ring.run(command)) {
      if (event.type === "sealed" && event.sealed && command.do === "seal") {
        this.world.said.set(event.sealed.iv, { text: command.text, page: this });
      }
      if (this.ring === ring) this.tell(event);
    }
  }

  act(): void {
    const { world, state } = this;
    const roll = world.random();
    if (roll < 0.06) this.tell({ type: "strict", on: !state.strict });
    else if (roll < 0.14) this.tell({ type: "hidden", on: !state.hidden });
    else if (roll < 0.18) this.tell({ type: "attention", on: !state.attention });
    else if (canChange(state) && state.slot?.text && !state.editing && roll < 0.35) {
      if (world.chance(0.3)) this.tell({ type: "delete", nonce: this.nonce() });
      else {
        this.tell({ type: "edit" });
        this.tell({ type: "draft", text: state.slot.text + "*" });
        this.tell({ type: "send", nonce: this.nonce() });
      }
    } else if (canWrite(state) && !state.job && state.phase === "in" && !mustWait(state)) {
      // What was given back is sent first, but for edits: those are thrown away.
      const kept = state.draft.split("\n").filter((line) => line && !line.endsWith("*"));
      const text = kept[0] ?? `${this.person.name} ${++this.person.count}`;
      this.tell({ type: "draft", text: kept.length ? kept.join("\n") : text });
      if (!kept.length) this.written.push(text);
      this.tell({ type: "send", nonce: this.nonce() });
    }
  }

  private nonce(): string {
    return nonce(Math.floor(this.world.random() * 2 ** 48));
  }
}

class Person {
  count = 0;
  page: Page;

  constructor(
    private readonly world: World,
    readonly name: string,
  ) {
    this.page = new Page(world, this);
  }

  begin(purpose: "create" | "enter"): void {
    const { name, world } = this;
    this.page.tell({
      type: "start",
      who: {
        purpose, author: "", code: "",
        credentials: { sender_hash: Buffer.from(world.bytes(32)).toString("hex"), access_hash: name },
        gate: purpose === "create" || this.page.state.notice?.say === "askPlace" ? gate : null,
        blind: gate,
      },
    });
    this.page.tell({ type: "attention", on: true });
  }

  /** Who was sent back to the first screen, or whose room is gone, begins again as the page tells them. */
  comeBack(): void {
    const { phase, notice } = this.page.state;
    if (phase === "open" && notice) this.begin(this.world.relay.seats ? "enter" : "create");
    else if (phase === "gone") this.page.tell({ type: "again", code: "", gate });
  }

  /** The page is closed, without a word, and opened anew by card and PIN. */
  reopen(): void {
    if (this.page.wire) this.world.relay.gone(this.page.wire);
    this.page = new Page(this.world, this);
    this.begin("enter");
  }
}

const drop = (world: World, page: Page, wire: Wire, code: number): void => {
  world.relay.gone(wire);
  page.wire = null;
  page.tell({ type: "down", code, luck: world.random() });
};

/** One thing happens somewhere. */
const happen = async (world: World, calm: boolean): Promise<void> => {
  const person = world.people[world.chance(0.5) ? 0 : 1]!;
  const { page } = person;
  const { wire } = page;
  const roll = world.random();
  if (roll < 0.3) await page.work();
  else if (wire && !wire.open) {
    wire.open = true;
    page.tell({ type: "up" });
  } else if (roll < 0.5) {
    const text = wire?.up.shift();
    if (wire && text !== undefined) world.relay.receive(wire, text);
  } else if (roll < 0.75) {
    const frame = wire?.down.shift();
    if (wire && typeof frame === "number") drop(world, page, wire, frame);
    else if (typeof frame === "string") page.tell({ type: "frame", frame: readFrame(frame)! });
  } else if (roll < 0.8) {
    world.at += Math.floor(world.random() * 900);
    for (const { page: one } of world.people) if (due(one.state) <= world.at) one.tell({ type: "tick" });
  } else if (calm) return;
  else if (roll < 0.82 && wire) {
    // The line breaks; the relay may still get what was on its way.
    while (wire.up.length && world.chance(0.5)) world.relay.receive(wire, wire.up.shift() ?? "");
    drop(world, page, wire, 1006);
  } else if (roll < 0.8225 && page.state.phase === "in") person.reopen();
  else if (roll < 0.8227) world.relay.restart();
  else {
    person.comeBack();
    page.act();
  }
};

const rest = async (world: World): Promise<void> => {
  for (let round = 0; round < 4; round++) {
    for (const person of world.people) {
      const { page } = person;
      person.comeBack();
      page.tell({ type: "attention", on: true });
      page.tell({ type: "hidden", on: false });
      page.tell({ type: "check" });
    }
    for (let n = 0; n < 700; n++) await happen(world, true);
    world.at += 20_000;
  }
};

const check = (world: World): string => {
  const { relay, people, said } = world;
  let kind = "empty";
  for (const { page, name } of people) {
    const { state } = page;
    assert.equal(state.phase, "in", `${name} is ${JSON.stringify(state.notice)}`);
    assert.equal(state.link, "joined", name);
    assert.equal(state.job, null, `${name}: something is still under way`);
    // What a restart left in this tab only is not on the relay.
    const slot = state.slot?.gone ? null : state.slot;
    assert.equal(slot?.id, relay.current?.id, `${name} sees another message`);
    if (!slot) continue;
    const truth = said.get(relay.current!.iv)!;
    kind = slot.lock ?? kind;
    // Right text, or a sentence; and never stuck while the author's page lives.
    if (slot.text !== null) assert.equal(slot.text, truth.text, `${name}: another text`);
    else {
      assert.ok(slot.lock === "locked" || slot.lock === "elsewhere", `${name}: ${String(slot.lock)}`);
      const alive = people.some((person) => person.page === truth.page);
      if (slot.lock === "locked" && alive) assert.ok(slot.read, `${name} is stuck though the author's page lives`);
    }
  }
  for (const { page, name } of people) {
    // What a page that lives was told to send is at the relay, or is with its writer.
    const taken = new Set([...relay.taken.flatMap(({ iv, edits }) => [iv, ...edits])].map((iv) => said.get(iv)?.text));
    for (const text of page.written) {
      assert.ok(taken.has(text) || page.state.draft.split("\n").includes(text), `${name}: ${text} is lost (${page.state.draft})`);
    }
  }
  return kind;
};

const histories = Number(process.env.HISTORIES ?? 2000) / 8;

void test(`${histories} histories of two sessions`, async () => {
  const kinds = new Map<string, number>();
  let taken = 0;
  for (let seed = 1; seed <= histories; seed++) {
    const world = new World(seed);
    try {
      world.people[0]!.begin("create");
      await rest(world);
      world.people[1]!.begin("enter");
      await rest(world);
      for (let n = 0; n < 1500; n++) await happen(world, false);
      await rest(world);
      const kind = check(world);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      taken += world.relay.taken.length;
    } catch (error) {
      throw new Error(`history ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
  }
  assert.ok(taken > 2 * histories, `${taken} texts`);
  for (const kind of ["sealed", "left"]) assert.ok((kinds.get(kind) ?? 0) > histories / 10, JSON.stringify([...kinds]));
});
