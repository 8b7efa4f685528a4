// A relay that lies: about messages, hellos, names, rooms, order, presence and
// answers. Nobody is shown one's own or foreign words as the other's, or words
// that nobody wrote; nothing goes out that is not sealed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, unbase64 } from "../src/bytes";
import { wordsOf, World, type Liar, type Person, type Wire } from "./people";

type Data = Record<string, unknown>;
interface Raw {
  ref?: string;
  event?: string;
  ok?: Data;
  data?: Data;
  error?: Data;
}

const str = (value: unknown): string => (typeof value === "string" ? value : "");

class Lies implements Liar {
  /** Everything that was ever told to anybody, in this room and another. */
  readonly told: Raw[] = [];
  /** How often each lie was told. */
  readonly counts = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly foreign: readonly Raw[],
  ) {}

  get count(): number {
    return [...this.counts.values()].reduce((sum, n) => sum + n, 0);
  }

  private pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.world.random() * from.length)];
  }

  private counted<T>(what: string, lie: T): T {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    return lie;
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

  /** Says ok to a message or an edit, and does not keep it. */
  receive(wire: Wire, text: string, from: Person): void {
    sealedOnly(text);
    const { event, ref } = JSON.parse(text) as { event: string; ref: string };
    if (!["send_message", "edit_message"].includes(event) || !this.world.chance(0.06)) from.relay.receive(wire, text);
    else wire.deliver(this.counted("ok, and not kept", { ref, ok: { message_id: `kept-not-${this.count}` } }));
  }

  /** One of many lies in the place of a frame to this person, or the frame. */
  lie(text: string, to: Person): string[] {
    const frame = JSON.parse(text) as Raw;
    this.told.push(frame);
    return this.instead(frame, to).map((one) => JSON.stringify(one));
  }

  private instead(frame: Raw, to: Person): Raw[] {
    const joins = this.told.filter(({ ok }) => ok && "room_id" in ok);
    if (joins.includes(frame) && this.world.chance(0.2)) {
      return this.counted("an old answer to a join", [{ ...this.pick(joins), ref: frame.ref! }]);
    }
    if (!this.world.chance(0.06)) return [frame];
    const me = to.page.state.author;
    const other = to.page.state.other || me;
    const rename = (name: string) => (data: Data): Data => ("sender_hash" in data ? { ...data, sender_hash: name } : data);
    const about = { message_id: to.page.state.slot?.id ?? "m1" };
    const broadcasts = this.told.filter(({ event }) => event !== undefined);
    const edits = broadcasts.filter(({ event }) => event === "message_edited");
    const old = this.pick([...broadcasts, ...this.foreign]) ?? frame;
    const lies: Record<string, () => Raw[]> = {
      "flipped": () => [this.bent(frame, (data) => this.flipped(data))],
      "from oneself": () => [this.bent(frame, rename(me))],
      "from the other": () => [this.bent(frame, rename(other))],
      "from a third": () => [this.bent(frame, rename("ab".repeat(32)))],
      "another room": () => [this.bent(frame, (data) => ("room_id" in data ? { ...data, room_id: "room-9" } : data))],
      "an old one after": () => [frame, old],
      "an old one before": () => [old, frame],
      "an old one as the other's": () => [this.bent(old, rename(other)), frame],
      "an old one as one's own": () => [this.bent(old, rename(me)), frame],
      "an older variant after": () => [frame, this.pick(edits) ?? frame],
      "here or away": () => [frame, { event: "presence", data: { connected: this.world.chance(0.5) } }],
      "read": () => [frame, { event: "message_read", data: { ...about, read_at: new Date(this.world.at).toISOString() } }],
      "deleted": () => [frame, { event: "message_deleted", data: about }],
      "one's own hello": () => [frame, { event: "hello", data: { hello: to.page.hello || "AAAA" } }],
      "kept back": () => [],
      ...(frame.ref && {
        "ok": () => [{ ref: frame.ref!, ok: { message_id: `lie-${this.count}` } }],
        "no": () => [{ ref: frame.ref!, error: { reason: this.pick(["stale", "not_found", "not_your_turn"]) } }],
      }),
    };
    const what = this.pick(Object.keys(lies))!;
    return this.counted(what, lies[what]!());
  }
}

/** What is on the page now is what its author wrote, and is shown as theirs. */
const honest = (world: World, person: Person): void => {
  const { slot, draft } = person.page.state;
  assert.ok(world.words || !draft.includes("from elsewhere"));
  if (slot?.text === undefined || slot.text === null || slot.gone || slot.lock === "elsewhere" || !slot.lock) return;
  const said = world.said.get(slot.iv);
  assert.ok(said, "nobody ever sealed this");
  assert.equal(wordsOf(slot.text), said.text);
  // A relay that lies about seats can show a page that came back what its person
  // had left: the one case that is accepted, and it is shown as left.
  if (!slot.mine && slot.lock === "sealed") assert.notEqual(said.person, person, "one's own words as the other's");
  if (slot.mine) assert.equal(said.person, person, "the other's words as one's own");
};

/** Only what is sealed goes out. */
const sealedOnly = (text: string): void => {
  const { event, data } = JSON.parse(text) as { event: string; data: Data };
  assert.ok(["join", "hello", "send_message", "edit_message", "read_receipt"].includes(event), event);
  if ("ciphertext" in data) assert.ok([4096, 8192, 16_384].includes(unbase64(str(data.ciphertext))?.length ?? 0));
};

const play = async (world: World, steps: number, calm: boolean, liar: Liar | null = null): Promise<void> => {
  for (let n = 0; n < steps; n++) {
    await world.pass(1, calm, liar);
    for (const person of world.people) honest(world, person);
  }
};

const meet = async (world: World, liar: Liar | null = null): Promise<void> => {
  world.people[0]!.begin("create");
  await play(world, 300, true, liar);
  world.people[1]!.begin("enter");
  await play(world, 300, true, liar);
};

const histories = Number(process.env.HISTORIES ?? 2000) / 20;

void test(`${histories} histories with a relay that lies`, async () => {
  // What somebody else wrote in another room.
  const elsewhere = new World(99);
  elsewhere.words = "from elsewhere";
  elsewhere.rooms = "elsewhere";
  const foreign: Raw[] = [];
  const record: Liar = {
    receive: (wire, text, from) => { from.relay.receive(wire, text); },
    lie: (text) => {
      foreign.push(JSON.parse(text) as Raw);
      return [text];
    },
  };
  await meet(elsewhere, record);
  await play(elsewhere, 1000, false, record);
  assert.ok(foreign.some(({ event }) => event === "new_message"));

  const counts = new Map<string, number>();
  let faults = 0;
  let texts = 0;
  for (let seed = 1; seed <= histories; seed++) {
    const world = new World(seed);
    const liar = new Lies(world, foreign.filter(({ event }) => event !== undefined));
    try {
      await meet(world);
      for (let n = 0; n < 1500; n++) {
        // Every third relay plays two, to keep the people apart.
        if (n === 700 && seed % 3 === 0) world.people[1]!.relay = world.relay.split(world.people[1]!.name);
        await play(world, 1, false, liar);
        for (const { page } of world.people) if (page.state.notice?.say === "fault") faults++;
      }
    } catch (error) {
      throw new Error(`history ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
    for (const [what, n] of liar.counts) counts.set(what, (counts.get(what) ?? 0) + n);
    texts += world.relay.taken.length;
  }
  assert.equal(counts.size, 19, [...counts.keys()].join());
  for (const [what, n] of counts) assert.ok(n > histories / 20, `${what}: ${n} times`);
  assert.ok(faults > histories / 10 && texts > histories, `${faults} faults, ${texts} texts`);
});
