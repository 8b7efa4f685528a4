// The rules of a page's keys, in random histories of two people over a model
// relay: cut links, lost answers, closed pages, edits that race answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../src/bytes";
import { idBytes, keysOf, leftType, makeHello, openMessage, readHeader } from "../src/blind/formats";
import type { Bytes } from "../src/blind/kdf";
import {
  accept, canSeal, compare, drop, Fault, greet, hear, mustGreet, mustSealAnew, seal, take, type Notice, type Order, type Stored, type Suite,
} from "../src/blind/keys";
import { newPage, overwrite, type PageKeys, type Seen } from "../src/blind/state";
import { cheap } from "./cheap";

/** Numbers that look random and are the same for the same seed. */
const dice = (seed: number) => {
  let a = seed + 0x9e3779b9;
  const next = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { below: (n: number) => next() % n, bytes: (n: number): Bytes => Uint8Array.from({ length: n }, () => next() & 255) };
};

type Frame = Readonly<Record<string, unknown>>;
interface Message { id: string; seat: number; iv: Bytes; message: Bytes; read: boolean }
interface Link { up: Frame[]; down: Frame[]; joined: boolean }
interface Said { text: string; seat: number; left: boolean; page: string; sealed: boolean }
interface Draft { order: Order; frame: Frame; own: boolean }

class Person {
  keys: PageKeys | null = null;
  link: Link | null = null;
  greeted = false;
  draft: Draft | null = null;
  seen: Seen | null = null;
  slot: Message | null = null;
  /** What the person was told of keys. */
  notes: Notice[] = [];
  /** Texts of which the relay has the last word: accepted, or given back. */
  fates = new Map<string, string>();
  constructor(readonly seat: number) {}
}

class World {
  readonly dice;
  readonly suite: Suite;
  life;
  slot: Message | null = null;
  readonly hellos: (Bytes | null)[] = [null, null];
  readonly senders: Bytes[];
  readonly nonces = [new Map<string, string>(), new Map<string, string>()];
  readonly people = [new Person(0), new Person(1)];
  /** Every variant that anybody sealed, by its iv. */
  readonly said = new Map<string, Said>();
  readonly recorded: Message[] = [];
  readonly applied = new Set<string>();
  count = 0;
  lives = 0;

  constructor(seed: number) {
    this.dice = dice(seed);
    this.suite = { kem: cheap, random: this.dice.bytes };
    this.life = this.dice.bytes(32);
    this.senders = [this.dice.bytes(32), this.dice.bytes(32)];
  }

  // The relay.

  tell(seat: number, frame: Frame): void {
    const link = this.people[seat]?.link;
    if (link?.joined) link.down.push(frame);
  }

  tellBoth(frame: Frame): void {
    this.tell(0, frame);
    this.tell(1, frame);
  }

  serve(p: Person): void {
    const frame = p.link?.up.shift() as Record<string, never> | undefined;
    if (!frame) return;
    const { seat } = p;
    const { do: what, nonce, iv, message, id: about } = frame as unknown as { do: string; nonce: string; iv: Bytes; message: Bytes; id: string };
    const { slot } = this;
    const store = (id: string): void => {
      this.slot = { id, seat, iv, message, read: false };
      this.recorded.push(this.slot);
      this.applied.add(hex(iv));
      this.tellBoth({ do: "slot", slot: { ...this.slot } });
    };
    if (what === "join") {
      p.link!.joined = true;
      this.tell(seat, { do: "joined", slot: slot && { ...slot }, life: this.life });
    } else if (what === "hello") {
      const before = this.hellos[seat];
      this.hellos[seat] = message;
      if (!before || hex(before) !== hex(message)) this.tell(1 - seat, { do: "hello", message });
      this.tell(seat, { do: "helloOk", message: this.hellos[1 - seat] });
    } else if (what === "send") {
      const done = this.nonces[seat]!.get(nonce);
      const { replaces, replacesIv } = frame as unknown as { replaces: string; replacesIv: string };
      if (done) this.tell(seat, { do: "ok", nonce, id: done });
      else if (slot?.seat === seat) this.tell(seat, { do: "no", nonce });
      else if ((slot?.id ?? "") !== replaces || (slot && hex(slot.iv) !== replacesIv)) this.tell(seat, { do: "no", nonce });
      else {
        this.nonces[seat]!.set(nonce, "m" + nonce);
        store("m" + nonce);
        this.tell(seat, { do: "ok", nonce, id: "m" + nonce });
      }
    } else if (what === "edit") {
      if (slot?.id !== about || slot.seat !== seat || slot.read) this.tell(seat, { do: "no", nonce, gone: slot?.id !== about });
      else {
        this.tell(seat, { do: "ok", nonce });
        store(slot.id);
      }
    } else if (what === "read" && slot?.id === about && slot.seat !== seat) {
      slot.read = true;
      this.tellBoth({ do: "read", id: slot.id });
    }
  }

  restart(): void {
    this.lives++;
    this.life = this.dice.bytes(32);
    this.slot = null;
    this.hellos.fill(null);
    for (const p of this.people) {
      this.nonces[p.seat]!.clear();
      p.link = null;
    }
    this.recorded.length = 0;
  }

  // A page.

  open(p: Person): void {
    p.notes = [];
    p.keys = newPage(this.life.slice(), this.dice.bytes(idBytes), this.senders[p.seat]!);
    p.slot = p.seen = p.draft = null;
  }

  connect(p: Person): void {
    if (!p.keys) this.open(p);
    p.link = { up: [{ do: "join" }], down: [], joined: false };
    p.greeted = false;
  }

  put(p: Person, keys: PageKeys): void {
    if (p.keys) overwrite(p.keys, keys);
    p.keys = keys;
  }

  async hello(p: Person): Promise<void> {
    this.put(p, await greet(this.suite, p.keys!));
    p.link?.up.push({ do: "hello", message: p.keys!.hello!.bytes });
  }

  fate(p: Person, nonce: string, what: string): void {
    const { draft } = p;
    if (draft?.order.nonce !== nonce) return;
    const iv = hex(draft.frame.iv as Bytes);
    assert.equal(this.applied.has(iv), what === "accepted", `${what}, and the relay has ${this.applied.has(iv) ? "" : "not "}taken it`);
    p.draft = null;
  }

  async show(p: Person, slot: Message | null, joining = false): Promise<void> {
    const stored = slot && { id: slot.id, sender: this.senders[slot.seat]!, iv: slot.iv, message: slot.message };
    const taken = await take(this.suite, p.keys!, stored, joining);
    this.put(p, taken.keys);
    p.slot = slot;
    p.seen = taken.seen;
    p.notes.push(...taken.notices);
    if (taken.accepted) this.fate(p, taken.accepted, "accepted");
    if (taken.late) this.fate(p, taken.late, "late");
    if (slot && typeof taken.seen?.text === "string") {
      const said = this.said.get(hex(slot.iv));
      assert.equal(taken.seen.text, said?.text);
      assert.equal(slot.seat, said?.seat);
    }
  }

  async get(p: Person): Promise<void> {
    const frame = p.link?.down.shift() as Record<string, never> | undefined;
    if (!frame || !p.keys) return;
    const { do: what, nonce, message, slot, life, id, gone } = frame as unknown as
      { do: string; nonce: string; message: Bytes | null; slot: Message | null; life: Bytes; id: string; gone: boolean };
    if (what === "joined") {
      if (hex(life) !== hex(p.keys.life)) {
        overwrite(p.keys, null);
        this.open(p);
      }
      await this.show(p, slot, true);
      await this.hello(p);
    } else if (what === "helloOk" || what === "hello") {
      if (message) {
        const { keys, notices } = await hear(p.keys, message);
        this.put(p, keys);
        p.notes.push(...notices);
      }
      if (what === "helloOk") {
        if (!p.greeted && p.draft) p.link!.up.push(p.draft.frame);
        p.greeted = true;
      }
    } else if (what === "slot") await this.show(p, slot);
    else if (what === "read") {
      if (p.slot?.id === id) p.slot = { ...p.slot, read: true };
    } else {
      const done = what === "ok" ? accept(p.keys, nonce, id) : { keys: drop(p.keys, nonce, gone), notices: [] };
      this.put(p, done.keys);
      p.notes.push(...done.notices);
      this.fate(p, nonce, what === "ok" ? "accepted" : "refused");
    }
    if (p.greeted && mustGreet(p.keys)) await this.hello(p);
    if (p.greeted && mustSealAnew(p.keys) && !p.slot!.read) {
      const { text, empty } = p.keys.own!;
      await this.write(p, { edit: true, text, empty, anew: true, quiet: true, leave: false });
    }
  }

  async write(p: Person, what: Omit<Order, "nonce" | "sent">): Promise<void> {
    if (!p.keys || !p.greeted || p.draft) return;
    const order = { ...what, nonce: String(++this.count), sent: this.count };
    const sealed = await seal(this.suite, p.keys, order);
    if (!sealed) return;
    this.put(p, sealed.keys);
    p.notes.push(...sealed.notices);
    const { iv, message } = sealed;
    const left = readHeader(message)!.type === leftType;
    this.said.set(hex(iv), { text: order.empty ? "" : order.text, seat: p.seat, left, page: hex(p.keys.page), sealed: !left });
    const frame = order.edit
      ? { do: "edit", nonce: order.nonce, iv, message, id: p.slot!.id }
      : { do: "send", nonce: order.nonce, iv, message, replaces: p.slot?.id ?? "", replacesIv: p.slot ? hex(p.slot.iv) : "" };
    p.draft = { order, frame, own: true };
    p.link?.up.push(frame);
  }

  async act(): Promise<void> {
    const p = this.people[this.dice.below(2)]!;
    const roll = this.dice.below(100);
    if (!p.link) {
      if (roll < 60) this.connect(p);
      else if (roll < 63) this.close(p);
    } else if (roll < 32) this.serve(p);
    else if (roll < 66) await this.get(p);
    else if (roll < 69) {
      p.link = null; // cut, and what was under way is lost
    } else if (roll < 70) this.close(p);
    else if (roll < 88) {
      if (p.keys && !p.slot) await this.send(p);
      else if (p.keys && p.slot!.seat !== p.seat) await this.send(p);
      else if (p.keys) {
        await this.write(p, { edit: true, text: `edit ${this.count}`, empty: roll === 87, anew: false, quiet: false, leave: this.dice.below(5) === 0 });
      }
    } else if (roll < 96 && p.greeted && p.seen?.kind === "text" && p.slot?.seat === 1 - p.seat) {
      p.link.up.push({ do: "read", id: p.slot.id });
    } else if (roll === 99 && this.dice.below(20) === 0) this.restart();
  }

  async send(p: Person): Promise<void> {
    const leave = !canSeal(p.keys!) || this.dice.below(4) === 0;
    await this.write(p, { edit: false, text: `text ${this.count}`, empty: false, anew: false, quiet: false, leave });
  }

  close(p: Person): void {
    if (p.keys) overwrite(p.keys, null);
    p.keys = p.link = p.draft = p.slot = p.seen = null;
    p.greeted = false;
  }

  /** Lets everything that is under way arrive. */
  async settle(): Promise<void> {
    for (const p of this.people) if (!p.link) this.connect(p);
    for (let i = 0; this.people.some(({ link }) => link!.up.length + link!.down.length); i++) {
      assert.ok(i < 200, "they never come to rest");
      for (const p of this.people) {
        this.serve(p);
        await this.get(p);
      }
    }
  }

  /** What must hold when everything has arrived. */
  async check(): Promise<number> {
    await this.settle();
    const [a, b] = this.people as [Person, Person];
    for (const p of this.people) {
      assert.equal(p.draft, null);
      assert.equal(p.slot?.id, this.slot?.id);
      assert.equal(hex(p.slot?.iv ?? new Uint8Array()), hex(this.slot?.iv ?? new Uint8Array()));
    }
    const { slot } = this;
    if (slot) {
      const [author, reader] = slot.seat ? [b, a] : [a, b];
      const said = this.said.get(hex(slot.iv))!;
      const alive = said.page === hex(author.keys!.page);
      if (alive && !slot.read) assert.notEqual(reader.seen?.kind, "locked", "stuck though the author's page lives");
      if (said.left) assert.equal(reader.seen?.text, said.text);
      if (alive && reader.seen?.kind === "text" && !said.left && author.seen?.kind === "text") {
        assert.equal(await compare(author.keys!), await compare(reader.keys!));
      }
    }
    return this.secrecy();
  }

  /** No key of either page opens a sealed message that was replaced. */
  async secrecy(): Promise<number> {
    let tried = 0;
    for (const m of this.recorded.slice(-6)) {
      if (m.id === this.slot?.id || this.said.get(hex(m.iv))!.left) continue;
      const header = readHeader(m.message)!;
      for (const { keys } of this.people) {
        const { hello, own, theirs } = keys!;
        const seeds = [hello?.seed, own?.key?.seed].filter((seed) => !!seed);
        const chains = [keys!.life, own?.key?.c, own?.open?.from?.c, theirs?.c].filter((c) => !!c);
        const found = [own?.open?.k, theirs?.k].filter((k) => !!k);
        for (const seed of seeds) {
          for (const c of chains) found.push((await keysOf(cheap, seed, c, this.senders[m.seat]!, header))!.k);
        }
        for (const k of found) {
          tried++;
          assert.equal(await openMessage(k, m.iv, header, m.message), undefined, "a replaced message opens");
        }
      }
    }
    return tried;
  }
}

const text = (words: string, more?: Partial<Order>): Omit<Order, "nonce" | "sent"> =>
  ({ edit: false, text: words, empty: false, anew: false, quiet: false, leave: false, ...more });

/** Two pages that have said hello, and the first has sent a message that the second reads. */
const talking = async (seed: number): Promise<{ w: World; a: Person; b: Person }> => {
  const w = new World(seed);
  const [a, b] = w.people as [Person, Person];
  await w.settle();
  await w.write(a, text("first"));
  await w.settle();
  assert.equal(b.seen?.text, "first");
  return { w, a, b };
};

/** Lets the relay have what a person said, and cuts the link before they hear of it. */
const unheard = (w: World, p: Person): void => {
  while (p.link!.up.length) w.serve(p);
  p.link = null;
};

void test("one key a reply: whose key a message names", async () => {
  const { w, a, b } = await talking(1);
  assert.ok(a.keys!.own!.to!.hello, "the first message is sealed to a hello");
  assert.equal(a.keys!.hello, null, "whose own hello is used up by it");
  await w.write(b, text("second"));
  assert.equal(b.keys!.job!.own.to!.hello, false, "the answer is sealed to the chain");
  await w.settle();
  assert.equal(b.keys!.theirs, null);
  assert.equal(a.keys!.own!.open, null, "what was replaced can't be opened again");
  await w.check();
});

void test("an edit keeps its header, an edit of what was left too", async () => {
  const { w, a, b } = await talking(2);
  const header = a.keys!.own!.open!.header.bytes;
  for (const words of ["again", "and again"]) await w.write(a, text(words, { edit: true })).then(() => w.settle());
  assert.equal(b.seen?.text, "and again");
  assert.equal(a.keys!.own!.open!.header.bytes, header);
  await w.write(a, text("left", { edit: true, leave: true }));
  await w.settle();
  const left = a.keys!.own!.open!.header.bytes;
  await w.write(a, text("left, changed", { edit: true }));
  await w.settle();
  assert.equal(a.keys!.own!.open!.header.bytes, left);
  assert.deepEqual([b.seen.text, b.seen.left], ["left, changed", true]);
  // Before the broadcast of an edit comes, its answer has told what is in the slot.
  await w.write(a, text("one", { edit: true }));
  w.serve(a);
  while (a.draft) await w.get(a);
  await w.write(a, text("two", { edit: true }));
  assert.equal(a.keys!.job!.own.open!.header.bytes, left);
  await w.check();
});

void test("an edit whose answer was lost, given up and made again", async () => {
  const { w, a, b } = await talking(3);
  await w.write(a, text("lost", { edit: true }));
  unheard(w, a);
  a.keys = drop(a.keys!, a.draft!.order.nonce);
  a.draft = null;
  await w.settle();
  assert.equal(a.seen?.text, "lost");
  await w.write(a, text("made again", { edit: true }));
  await w.settle();
  await w.write(b, text("answer"));
  await w.settle();
  assert.equal(a.seen.text, "answer");
});

void test("a page that comes back: sealed anew, said, and compared", async () => {
  const { w, a, b } = await talking(4);
  const before = await compare(a.keys!);
  w.close(b);
  await w.settle();
  assert.equal(b.seen?.text, "first");
  assert.notEqual(await compare(a.keys!), before);
  assert.equal(await compare(a.keys!), await compare(b.keys!));
  // And once more, after it said hello without anything being sealed to it.
  const hello = b.keys!.hello!.bytes;
  b.link = null;
  await w.settle();
  assert.equal(b.keys!.hello!.bytes, hello, "an unused hello is said again");
});

void test("the answer of a new page to what it could not read", async () => {
  const { w, a, b } = await talking(5);
  await w.write(b, text("second"));
  await w.settle();
  await w.write(a, text("third"));
  unheard(w, a);
  w.close(b);
  w.connect(b);
  while (b.link!.up.length + b.link!.down.length) {
    w.serve(b);
    await w.get(b);
  }
  assert.equal(b.seen?.kind, "locked");
  await w.write(b, text("what was it?"));
  assert.deepEqual(b.keys!.job!.own.ack, new Uint8Array(idBytes), "what was not read is not acknowledged");
  while (b.draft) {
    w.serve(b);
    await w.get(b);
  }
  // The late answer to what was sent: it is replaced already.
  w.connect(a);
  while (a.draft) {
    w.serve(a);
    await w.get(a);
  }
  assert.deepEqual([a.keys!.own!.open, a.keys!.own!.key], [null, null]);
  await w.settle();
  assert.equal(a.seen?.text, "what was it?");
  await w.check();
});

void test("a hello is due when the other may know no key that lives", async () => {
  const { w, a, b } = await talking(6);
  await w.write(b, text("second"));
  await w.settle();
  const keys = b.keys!;
  assert.ok(keys.own && !keys.hello && keys.peer);
  assert.equal(mustGreet(keys), false);
  assert.equal(mustGreet({ ...keys, own: { ...keys.own, key: null } }), true, "its key was given up");
  assert.equal(mustGreet({ ...keys, peer: { ...keys.peer, page: new Uint8Array(idBytes) } }), true, "their new page knows none");
  assert.equal(mustGreet(a.keys!), false);
});

const changed = (bytes: Bytes, at: number): Bytes => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

void test("what can't come from an honest relay is a fault", async () => {
  const { w, a, b } = await talking(11);
  const keys = a.keys!;
  const third = await makeHello(keys.life, { page: w.dice.bytes(idBytes), sender: w.dice.bytes(32), pk: await cheap.publicKey(w.dice.bytes(32)) });
  const own = (await greet(w.suite, keys)).hello!.bytes;
  for (const [name, hello] of Object.entries({ own, third, bent: changed(b.keys!.hello!.bytes, 9) })) {
    await assert.rejects(hear(keys, hello), Fault, name);
  }
  await assert.rejects(hear({ ...keys, peer: null }, own), Fault, "one's own, before the other's is known");
  await w.write(b, text("second"));
  while (b.draft) {
    w.serve(b);
    await w.get(b);
  }
  const { id, iv, message } = w.slot!;
  const good = { id, iv, message, sender: w.senders[1]! };
  assert.equal((await take(w.suite, keys, good, false)).seen?.text, "second");
  const bad: [string, Stored][] = [
    ["its last byte", { ...good, message: changed(message, message.length - 1) }],
    ["its iv", { ...good, iv: new Uint8Array(12) }],
    ["a short iv", { ...good, iv: iv.slice(1) }],
    ["its length", { ...good, message: message.slice(1) }],
    ["another author", { ...good, sender: w.dice.bytes(32) }],
  ];
  for (const [name, stored] of bad) await assert.rejects(take(w.suite, keys, stored, false), Fault, name);
  // Locked ones are no fault until there are too many.
  let s = keys;
  for (let n = 1; n < 16; n++) {
    const locked = message.slice();
    locked.set([n, 1, 2, 3], 12);
    s = (await take(w.suite, s, { ...good, message: locked }, false)).keys;
    assert.equal(s.unopened, n);
  }
  await assert.rejects(take(w.suite, s, { ...good, message: changed(message, 12) }, false), Fault);
});

void test("what a person is told of keys", async () => {
  const { w, a, b } = await talking(10);
  await w.write(b, text("second"));
  await w.settle();
  await w.write(a, text("third"));
  await w.settle();
  assert.deepEqual([a.notes, b.notes], [[], []], "nothing while the chain goes on");
  w.close(b);
  await w.settle();
  assert.deepEqual(a.notes, ["openedAnew", "keysAnew"], "sealed anew to another page");
  a.notes = [];
  b.notes = [];
  await w.write(b, text("fourth"));
  await w.settle();
  await w.write(a, text("fifth"));
  await w.settle();
  assert.deepEqual([a.notes, b.notes], [[], []]);
  // A third page of Ben's changes what his second one wrote: it goes on from a hello.
  await w.write(b, text("sixth"));
  await w.settle();
  w.close(b);
  await w.settle();
  await w.write(b, text("sixth, changed", { edit: true }));
  await w.settle();
  assert.equal(a.seen?.text, "sixth, changed");
  assert.ok(a.notes.includes("keysAnew"), "it comes by a hello");
  // An answer to what was changed meanwhile does not get there; one of a page that could not read it does.
  const before = a.keys!.own!;
  const theirs = { ...a.keys!, own: { ...before, iv: new Uint8Array(12).fill(7) }, theirs: null, slot: null, tried: new Set<string>() };
  const m = w.slot!;
  const taken = await take(w.suite, theirs, { id: m.id, iv: m.iv, message: m.message, sender: w.senders[1]! }, false);
  assert.ok(taken.notices.includes("unseen"));
});

void test("another variant of their message has the same keys, and tells nothing anew", async () => {
  const { w, a, b } = await talking(9);
  const variants: Message[] = [];
  w.close(b);
  await w.settle();
  await w.write(b, text("by a hello"));
  // The page's key is used up by then, so that nothing but what it knows of the message opens it.
  for (const words of ["by a hello", "changed"]) {
    if (words === "changed") await w.write(b, text(words, { edit: true }));
    while (b.draft) {
      w.serve(b);
      await w.get(b);
    }
    variants.push({ ...w.slot! });
  }
  const stored = variants.map(({ id, iv, message }) => ({ id, iv, message, sender: w.senders[1]! }));
  const first = await take(w.suite, a.keys!, stored[0]!, false);
  const without = { ...first.keys, hello: null, own: first.keys.own && { ...first.keys.own, key: null } };
  const second = await take(w.suite, without, stored[1]!, false);
  assert.deepEqual([second.seen?.text, second.notices], ["changed", []]);
});

void test("left by itself, the chain goes on", async () => {
  const { w, a, b } = await talking(7);
  await w.write(b, text("second"));
  await w.settle();
  await w.write(b, text("second", { edit: true, leave: true, quiet: true }));
  assert.deepEqual(b.keys!.job!.own.to!.hello, false);
  await w.settle();
  assert.equal(a.seen?.left, true);
  assert.ok(a.keys!.theirs!.c, "it goes on from a key that is known");
  const sealed = await seal(w.suite, a.keys!, { ...text("third"), nonce: "n", sent: 1 });
  assert.deepEqual(sealed!.notices, []);
});

void test("another page of the seat has answered: what this one has is given up", async () => {
  const { w, a, b } = await talking(8);
  await w.write(b, text("second"));
  await w.settle();
  const elsewhere = w.people[0]!.keys!;
  const old = { ...a.keys! };
  a.keys = newPage(elsewhere.life.slice(), w.dice.bytes(idBytes), elsewhere.sender);
  a.link = a.slot = a.seen = null;
  await w.settle();
  await w.write(a, text("from the new page"));
  await w.settle();
  const m = w.recorded.at(-1)!;
  const taken = await take(w.suite, old, { id: m.id, sender: w.senders[0]!, iv: m.iv, message: m.message }, true);
  assert.equal(taken.seen?.kind, "elsewhere");
  const { own, hello, theirs } = taken.keys;
  assert.deepEqual([own?.key, own?.open, hello, theirs], [null, null, null, null]);
  assert.equal(b.seen?.text, "from the new page");
});

/** Histories; more of them by hand. */
const histories = Number(process.env.HISTORIES ?? 2000);

void test(`${histories} random histories of two pages`, async () => {
  let secrets = 0;
  let texts = 0;
  for (let seed = 0; seed < histories; seed++) {
    const world = new World(seed);
    try {
      for (let i = 0; i < 100; i++) {
        await world.act();
        if (i % 25 === 24) secrets += await world.check();
      }
      texts += world.applied.size;
    } catch (error) {
      throw new Error(`history ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
  }
  assert.ok(secrets > histories && texts > 4 * histories);
});
