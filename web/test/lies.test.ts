// A relay that lies: about messages, hellos, names, rooms, order, presence and
// answers. Nobody is shown one's own or foreign words as the other's, or words
// that nobody wrote; nothing goes out that is not sealed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, unbase64 } from "../src/bytes";
import { readFrame } from "../src/session/frames";
import { due } from "../src/session/session";
import { World, type Page, type Person } from "./people";

type Data = Record<string, unknown>;
interface Raw {
  ref?: string;
  event?: string;
  ok?: Data;
  data?: Data;
  error?: Data;
}

const str = (value: unknown): string => (typeof value === "string" ? value : "");

class Liar {
  /** Everything that was ever told to anybody, in this room and another. */
  readonly told: Raw[] = [];
  count = 0;

  constructor(
    private readonly world: World,
    private readonly foreign: readonly Raw[],
  ) {}

  private pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.world.random() * from.length)];
  }

  /** Where a frame has a message or a hello, the same with a change. */
  private bent(frame: Raw, change: (data: Data) => Data): Raw {
    const inner = frame.data ?? frame.ok ?? {};
    const current = inner.current_message as Data | undefined;
    const changed = current ? { ...inner, current_message: change(current) } : change(inner);
    return frame.data ? { ...frame, data: changed } : { ...frame, ok: changed };
  }

  private flipped(data: Data): Data {
    const field = this.pick(["ciphertext", "iv", "hello"].filter((name) => name in data));
    const bytes = field ? unbase64(str(data[field])) : undefined;
    if (!field || !bytes?.length) return data;
    const at = Math.floor(this.world.random() * bytes.length);
    bytes[at]! ^= 1 << Math.floor(this.world.random() * 8);
    return { ...data, [field]: base64(this.world.chance(0.2) ? bytes.slice(at) : bytes) };
  }

  /** One of many lies in the place of a frame to this person, or the frame. */
  lie(frame: Raw, to: Person): Raw[] {
    this.told.push(frame);
    if (!this.world.chance(0.06)) return [frame];
    this.count++;
    const me = to.page.state.author;
    const other = to.page.state.other || me;
    const rename = (name: string) => (data: Data): Data => ("sender_hash" in data ? { ...data, sender_hash: name } : data);
    const about = { message_id: to.page.state.slot?.id ?? "m1" };
    const broadcasts = this.told.filter(({ event }) => event !== undefined);
    const old = this.pick([...broadcasts, ...this.foreign]);
    const lies: (() => Raw[])[] = [
      () => [this.bent(frame, (data) => this.flipped(data))],
      () => [this.bent(frame, rename(me))],
      () => [this.bent(frame, rename(other))],
      () => [this.bent(frame, rename("ab".repeat(32)))],
      () => [this.bent(frame, (data) => ("room_id" in data ? { ...data, room_id: "room-9" } : data))],
      () => [frame, ...(old ? [old] : [])],
      () => [...(old ? [old] : []), frame],
      () => (old ? [this.bent(old, rename(other)), frame] : [frame]),
      () => (old ? [this.bent(old, rename(me)), frame] : [frame]),
      () => [frame, { event: "presence", data: { connected: this.world.chance(0.5) } }],
      () => [frame, { event: "message_read", data: { ...about, read_at: new Date(this.world.at).toISOString() } }],
      () => [frame, { event: "message_deleted", data: about }],
      () => [frame, { event: "hello", data: { hello: this.ownHello(to) } }],
      () => (frame.ref ? [{ ref: frame.ref, ok: { message_id: `lie-${this.count}` } }] : [frame]),
      () => (frame.ref ? [{ ref: frame.ref, error: { reason: this.pick(["stale", "not_found", "not_your_turn"]) } }] : [frame]),
      () => [], // kept back for good
    ];
    return this.pick(lies)?.() ?? [frame];
  }

  private ownHello(to: Person): string {
    const frame = to.page.hello;
    return frame || "AAAA";
  }
}

/** What is on the page now is what its author wrote, and is shown as theirs. */
const honest = (world: World, person: Person): void => {
  const { slot, draft } = person.page.state;
  assert.ok(world.words || !draft.includes("from elsewhere"));
  if (!slot || typeof slot.text !== "string" || slot.gone || slot.lock === "elsewhere" || !slot.lock) return;
  const said = world.said.get(slot.iv);
  assert.ok(said, "nobody ever sealed this");
  assert.equal(slot.text, said.text);
  // A relay that lies about seats can show a page that came back what its person
  // had left: the one case that is accepted, and it is shown as left.
  if (!slot.mine && slot.lock === "sealed") assert.notEqual(said.person, person, "one's own words as the other's");
  if (slot.mine) assert.equal(said.person, person, "the other's words as one's own");
};

/** Only what is sealed goes out. */
const sealedOnly = (page: Page): void => {
  for (const text of page.wire?.up ?? []) {
    const { event, data } = JSON.parse(text) as { event: string; data: Data };
    assert.ok(["join", "hello", "send_message", "edit_message", "read_receipt"].includes(event), event);
    if (!("ciphertext" in data)) continue;
    assert.ok([4096, 8192].includes(unbase64(str(data.ciphertext))?.length ?? 0));
  }
};

const happen = async (world: World, liar: Liar | null): Promise<void> => {
  const person = world.people[world.chance(0.5) ? 0 : 1]!;
  const { page } = person;
  const { wire } = page;
  const roll = world.random();
  if (roll < 0.3) await page.work();
  else if (wire && !wire.open) {
    wire.open = true;
    page.tell({ type: "up" });
  } else if (roll < 0.5) {
    sealedOnly(page);
    const text = wire?.up.shift();
    if (wire && text !== undefined) world.relay.receive(wire, text);
  } else if (roll < 0.75) {
    const frame = wire?.down.shift();
    if (wire && typeof frame === "number") {
      world.relay.gone(wire);
      page.wire = null;
      page.tell({ type: "down", code: frame, luck: world.random() });
    } else if (typeof frame === "string") {
      const raw = JSON.parse(frame) as Raw;
      for (const one of liar ? liar.lie(raw, person) : [raw]) {
        if (page.wire === wire) page.tell({ type: "frame", frame: readFrame(JSON.stringify(one))! });
      }
    }
  } else if (roll < 0.8) {
    world.at += Math.floor(world.random() * 900);
    for (const { page: one } of world.people) if (due(one.state) <= world.at) one.tell({ type: "tick" });
  } else if (roll < 0.803 && page.state.phase === "in") person.reopen();
  else {
    person.comeBack();
    page.act();
  }
  for (const one of world.people) honest(world, one);
};

const meet = async (world: World): Promise<void> => {
  world.people[0]!.begin("create");
  for (let n = 0; n < 300; n++) await happen(world, null);
  world.people[1]!.begin("enter");
  for (let n = 0; n < 300; n++) await happen(world, null);
};

const histories = Number(process.env.HISTORIES ?? 2000) / 20;

void test(`${histories} histories with a relay that lies`, async () => {
  // What somebody else wrote in another room.
  const elsewhere = new World(99);
  elsewhere.words = "from elsewhere";
  elsewhere.rooms = "elsewhere";
  const foreign: Raw[] = [];
  const record = new Liar(elsewhere, []);
  record.lie = (frame) => {
    foreign.push(frame);
    return [frame];
  };
  elsewhere.people[0]!.begin("create");
  for (let n = 0; n < 300; n++) await happen(elsewhere, record);
  elsewhere.people[1]!.begin("enter");
  for (let n = 0; n < 1000; n++) await happen(elsewhere, record);
  assert.ok(foreign.some(({ event }) => event === "new_message"));

  let lies = 0;
  let faults = 0;
  let texts = 0;
  for (let seed = 1; seed <= histories; seed++) {
    const world = new World(seed);
    const liar = new Liar(world, foreign.filter(({ event }) => event !== undefined));
    try {
      await meet(world);
      for (let n = 0; n < 1500; n++) {
        await happen(world, liar);
        for (const { page } of world.people) if (page.state.notice?.say === "fault") faults++;
      }
    } catch (error) {
      throw new Error(`history ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
    lies += liar.count;
    texts += world.relay.taken.length;
  }
  assert.ok(lies > 5 * histories && faults > histories / 10 && texts > histories, `${lies} lies, ${faults} faults, ${texts} texts`);
});
