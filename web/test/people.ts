// Two people with pages of sotto-2, and everything that is between them.

import { keyring } from "../src/blind/engine";
import { Fault } from "../src/blind/keys";
import { newPage } from "../src/blind/state";
import type { Bytes } from "../src/blind/kdf";
import { utf8 } from "../src/bytes";
import type { Keyring } from "../src/engine";
import { mustWait } from "../src/session/lock";
import { step } from "../src/session/session";
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
export class Page {
  state: State = initial;
  wire: Wire | null = null;
  ring: Keyring | null = null;
  asked: KeyCommand[] = [];
  /** Its last hello. */
  hello = "";
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
        const life = sha(utf8("life"), utf8(this.world.rooms + String(room_id)));
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
    const events = await ring.run(command).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      return [{ type: "fault" as const }];
    });
    for (const event of events) {
      if (event.type === "sealed" && event.sealed && command.do === "seal") {
        this.world.said.set(event.sealed.iv, { text: command.text, page: this, person: this.person });
      }
      if (event.type === "hello") this.hello = event.hello;
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
      const text = kept[0] ?? `${world.words}${this.person.name} ${++this.person.count}`;
      this.tell({ type: "draft", text: kept.length ? kept.join("\n") : text });
      if (!kept.length) this.written.push(text);
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
