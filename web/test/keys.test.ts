// The rules of a page's keys, in random histories of two people over a model
// relay: cut links, lost answers, closed pages, edits that race answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idBytes, makeHello } from "../src/blind/formats";
import type { Bytes } from "../src/blind/kdf";
import { compare, drop, Fault, greet, hear, mustGreet, seal, take, type Order, type Stored } from "../src/blind/keys";
import { newPage } from "../src/blind/state";
import { cheap } from "./cheap";
import { World, type Message, type Person } from "./model";

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
  const third = await makeHello(keys.life, { page: w.bytes(idBytes), sender: w.bytes(32), pk: await cheap.publicKey(w.bytes(32)) });
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
    ["another author", { ...good, sender: w.bytes(32) }],
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
  a.keys = newPage(elsewhere.life.slice(), w.bytes(idBytes), elsewhere.sender);
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
