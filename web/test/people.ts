// Two people with pages of sotto-2, or of std-1, and everything that is between them.

import assert from "node:assert/strict";
import { keyring } from "../src/blind/engine";
import { Fault } from "../src/blind/keys";
import { newPage } from "../src/blind/state";
import type { Bytes } from "../src/blind/kdf";
import { utf8 } from "../src/bytes";
import type { Keyring } from "../src/engine";
import { mustWait } from "../src/session/lock";
import { readFrame } from "../src/session/frames";
import { machine } from "../src/lazy/machine";
import { canChange, canEdit, canWrite } from "../src/session/slot";
import type { Command, Content, Event, KeyCommand, State } from "../src/session/state";
import { canSpeak, isVoice } from "../src/session/voice";
import { cheap, sha } from "./cheap";
import { dice } from "./dice";
import { awake, gate, nonce, start } from "./kit";
import { FakeRelay, type Line } from "./relay";

export class Wire implements Line {
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

/** What stands before the relay and lies. */
export interface Liar {
  /** Deals with a frame that a page has sent. */
  receive(wire: Wire, text: string, from: Person): void;
  /** What a page is told in place of a frame. */
  lie(frame: string, to: Person): string[];
}

/** A text, or the words that a voice note holds here. */
export const wordsOf = (content: Content): string => (isVoice(content) ? new TextDecoder().decode(content.data) : content);

/** A variant that somebody sealed. */
export interface Said {
  readonly text: string;
  readonly page: Page;
  readonly person: Person;
}

export class World {
  at = start;
  readonly random: () => number;
  readonly relay: FakeRelay;
  readonly people: Person[];
  readonly said = new Map<string, Said>();
  /** What begins every text, and the secret of every room. */
  words = "";
  rooms = "";

  /** `plain`: std-1, where nobody's page is closed, and the relay restarts only when it is told to. */
  constructor(seed: number, readonly plain = false) {
    this.random = dice(seed);
    this.relay = new FakeRelay(() => this.at, () => plain && this.chance(0.5));
    this.people = ["ann", "ben"].map((name) => new Person(this, name));
  }

  chance(p: number): boolean {
    return this.random() < p;
  }

  bytes(count: number): Bytes {
    return Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256));
  }

  /** So many things happen, one after another. To wait after each, where there is nothing to wait for, takes longer than all of them. */
  async pass(count: number, calm: boolean, liar: Liar | null = null): Promise<void> {
    for (let n = 0; n < count; n++) {
      const keys = this.happen(calm, liar);
      if (keys) await keys;
    }
  }

  /** One thing happens somewhere, perhaps to keys, which take their time; only what is under way goes on when it is calm. */
  private happen(calm: boolean, liar: Liar | null): Promise<void> | undefined {
    const person = this.people[this.chance(0.5) ? 0 : 1]!;
    const { page } = person;
    const { wire } = page;
    const roll = this.random();
    if (roll < 0.3) return page.work();
    if (wire && !wire.open) {
      wire.open = true;
      page.tell({ type: "up" });
    } else if (roll < 0.5) {
      const text = wire?.up.shift();
      if (wire && text !== undefined) {
        if (liar) liar.receive(wire, text, person);
        else person.relay.receive(wire, text);
      }
    } else if (roll < 0.75) {
      const frame = wire?.down.shift();
      if (wire && typeof frame === "number") page.drop(wire, frame);
      else if (typeof frame === "string") {
        for (const one of liar?.lie(frame, person) ?? [frame]) {
          if (page.wire === wire) page.tell({ type: "frame", frame: readFrame(one)! });
        }
      }
    } else if (roll < 0.8) {
      this.at += Math.floor(this.random() * 900);
      for (const { page: one } of this.people) if (machine.due(one.state) <= this.at) one.tell({ type: "tick" });
    } else if (roll < 0.81) {
      // The relay gets what was left on a line, and then hears that it is gone.
      const [old] = person.lost;
      const text = old?.up.shift();
      if (old && text !== undefined) person.relay.receive(old, text);
      else if (old) person.relay.gone(person.lost.shift()!);
    } else if (calm) return undefined;
    else if (roll < 0.83 && wire) {
      // The line breaks; the relay may still get what was on its way, perhaps much later.
      while (wire.up.length && this.chance(0.5)) person.relay.receive(wire, wire.up.shift() ?? "");
      if (this.plain) {
        page.drop(wire, this.chance(0.5) ? 1006 : 4000);
        return undefined;
      }
      person.lost.push(wire);
      page.wire = null;
      page.tell({ type: "down", code: 1006, luck: this.random() });
    } else if (this.plain && roll < 0.85) {
      // The line goes silent: nothing more gets through, nobody is told. Or the page looks whether it is alive.
      if (wire && this.chance(0.25)) wire.up = wire.down = Object.assign([], { push: () => 0 });
      else page.tell({ type: "check" });
    } else if (roll < 0.8325 && page.state.phase === "in") person.reopen();
    else if (roll < 0.8327) for (const { relay } of this.people) relay.restart();
    else {
      if (!liar) assert.notEqual(page.state.notice?.say, "moved", `${person.name} moved ${person.name} out`);
      person.comeBack();
      page.act();
    }
    return undefined;
  }

  suite = { kem: cheap, random: (count: number) => this.bytes(count) };
}

/** Keys of std-1 that cost nothing: what a text is sealed as tells nothing of it. */
const plainRing = ({ said }: World): Keyring => ({
  run(command) {
    if (command.do === "seal") {
      const iv = `iv${said.size}`;
      return Promise.resolve([{ type: "sealed", nonce: command.nonce, sealed: { ciphertext: "c" + iv, iv } }]);
    }
    assert.ok(command.do === "open", command.do);
    const { iv } = command.sealed;
    return Promise.resolve([{ type: "opened", iv, text: said.get(iv)?.text ?? null }]);
  },
  compare: () => Promise.resolve(""),
  forget: () => undefined,
});

/** One life of a document. */
export class Page {
  state: State = awake;
  wire: Wire | null = null;
  ring: Keyring | null = null;
  asked: KeyCommand[] = [];
  /** Its last hello. */
  hello = "";
  /** Texts that were written and sent, in order. */
  readonly written: string[] = [];
  /** Ids of the other's messages in the order in which they were looked at, with the last text of each. */
  readonly shown = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly person: Person,
  ) {}

  tell(event: Event): void {
    this.state = machine.step(this.state, event, this.world.at);
    for (const command of this.state.commands) this.run(command);
    const { slot, seen } = this.state;
    if (slot && !slot.mine && typeof slot.text === "string" && seen === slot.id) this.shown.set(slot.id, slot.text);
  }

  /** Its line breaks. */
  drop(wire: Wire, code: number): void {
    this.person.relay.gone(wire);
    this.wire = null;
    this.tell({ type: "down", code, luck: this.world.random() });
  }

  private run(command: Command): void {
    switch (command.do) {
      case "dial":
        this.wire = new Wire();
        break;
      case "hangup":
        if (this.wire && this.state.phase !== "open") this.person.lost.push(this.wire);
        else if (this.wire) this.person.relay.gone(this.wire);
        this.wire = null;
        break;
      case "frame":
        this.wire?.up.push(JSON.stringify({ event: command.event, ref: command.ref, data: command.data }));
        break;
      case "unlock": {
        const { room_id, sender_hash } = command.answer;
        const life = sha(utf8("life"), utf8(this.world.rooms + String(room_id)));
        const sender = Uint8Array.from(String(sender_hash).match(/../g) ?? [], (pair) => parseInt(pair, 16));
        this.asked = [];
        this.ring = this.world.plain ? plainRing(this.world) : keyring(newPage(life, this.world.bytes(8), sender), () => this.world.at, this.world.suite);
        break;
      }
      case "forget":
        this.ring?.forget();
        this.ring = null;
        this.asked = [];
        break;
      case "blank":
      case "ring":
        break;
      default:
        this.asked.push(command);
    }
  }

  /** The keys do the next thing that they were asked for. */
  work(): Promise<void> | undefined {
    const command = this.asked.shift();
    return command && this.ring ? this.answer(this.ring, command) : undefined;
  }

  private async answer(ring: Keyring, command: KeyCommand): Promise<void> {
    const events = await ring.run(command).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      return [{ type: "fault" as const }];
    });
    for (const event of events) {
      if (event.type === "sealed" && event.sealed && command.do === "seal") {
        this.world.said.set(event.sealed.iv, { text: wordsOf(command.text), page: this, person: this.person });
      }
      if (event.type === "hello") this.hello = event.hello;
      if (this.ring === ring) this.tell(event);
    }
  }

  act(): void {
    const { world } = this;
    // An edit that was taken back is given up.
    if (world.plain && this.state.editing && !this.state.job) this.tell({ type: "cancel" });
    const { state } = this;
    const roll = world.random();
    if (roll < 0.06) this.tell({ type: "strict", on: !state.strict });
    else if (roll < 0.14) this.tell({ type: "hidden", on: !state.hidden });
    else if (roll < 0.18) this.tell({ type: "attention", on: !state.attention });
    else if (roll < 0.22 && isVoice(state.job?.text)) this.tell({ type: "cancel" });
    else if (canChange(state) && state.slot?.text && !state.editing && roll < 0.35) {
      if (world.chance(0.3)) this.tell({ type: "delete", nonce: this.nonce() });
      else if (canEdit(state)) {
        this.tell({ type: "edit" });
        this.tell({ type: "draft", text: wordsOf(state.slot.text) + "*" });
        this.tell({ type: "send", nonce: this.nonce() });
      }
    } else if (canWrite(state) && !state.job && state.phase === "in" && !mustWait(state)) {
      if (canSpeak(state) && world.chance(0.2)) {
        const text = `${world.words}${this.person.name} says ${++this.person.count}`;
        this.tell({ type: "voice", voice: { ms: 1000, type: "audio/none", data: utf8(text) } });
        this.written.push(text);
      }
      // What was given back is sent first, but for edits: those are thrown away.
      const kept = state.draft.split("\n").filter((line) => line && !line.endsWith("*"));
      if (!this.state.voice) {
        const text = kept[0] ?? `${world.words}${this.person.name} ${++this.person.count}`;
        this.tell({ type: "draft", text: kept.length ? kept.join("\n") : text });
        if (!kept.length) this.written.push(text);
      }
      this.tell({ type: "send", nonce: this.nonce() });
    }
  }

  private nonce(): string {
    return nonce(Math.floor(this.world.random() * 2 ** 48));
  }
}

export class Person {
  count = 0;
  page: Page;
  /** Lines that the page gave up, the first of them first, and whose end the relay has not seen. */
  readonly lost: Wire[] = [];
  /** The relay that they reach. */
  relay: FakeRelay;

  constructor(
    private readonly world: World,
    readonly name: string,
  ) {
    this.page = new Page(world, this);
    this.relay = world.relay;
  }

  begin(purpose: "create" | "enter"): void {
    const { name, world } = this;
    // What a page before this one left behind would move it out, and no relay could tell.
    for (const wire of this.lost.splice(0)) this.relay.gone(wire);
    const { plain } = world;
    this.page.tell({
      type: "start",
      who: {
        purpose, author: plain ? name : "", code: "",
        credentials: { sender_hash: plain ? name : Buffer.from(world.bytes(32)).toString("hex"), access_hash: name },
        gate: plain || purpose === "create" || this.page.state.notice?.say === "askPlace" ? gate : null,
        blind: plain ? null : gate,
      },
    });
    this.page.tell({ type: "settings", settings: awake.settings });
    this.page.tell({ type: "attention", on: true });
  }

  /** Who was sent back to the first screen, or whose room is gone, begins again as the page tells them. */
  comeBack(): void {
    const { phase, notice } = this.page.state;
    if (phase === "open" && notice) this.begin(this.relay.seats ? "enter" : "create");
    else if (phase === "gone") this.page.tell({ type: "again", code: "", gate });
  }

  /** The page is closed, without a word, and opened anew by card and PIN. */
  reopen(): void {
    if (this.page.wire) this.relay.gone(this.page.wire);
    this.page = new Page(this.world, this);
    this.begin("enter");
  }
}
