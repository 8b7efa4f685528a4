// Two sessions of std-1 talk over a relay while everything happens in any order:
// frames wait, lines drop or go silent, sealing takes its time, phones sleep, the
// relay restarts. Each seed is one such history; a failure names its seed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./people";
import type { Taken } from "./relay";

const begin = async (world: World): Promise<void> => {
  for (const [i, person] of world.people.entries()) {
    person.begin(i ? "enter" : "create");
    for (let n = 0; n < 2000 && person.page.state.phase !== "in"; n++) await world.pass(1, true);
    assert.equal(person.page.state.phase, "in");
  }
};

/** Lets everything that is under way come to its end. */
const rest = async (world: World): Promise<void> => {
  for (const { page } of world.people) {
    page.tell({ type: "attention", on: true });
    page.tell({ type: "hidden", on: false });
    // A line that went silent while nothing was asked of it is found out by looking.
    page.tell({ type: "check" });
  }
  await world.pass(4000, true);
  world.at += 60_000;
  await world.pass(4000, true);
};

const check = (world: World): void => {
  const { relay, people, said } = world;
  const textOf = (iv: string): string | undefined => said.get(iv)?.text;
  for (const { page, name } of people) {
    const { state } = page;
    const other = people.find((one) => one.page !== page)!.page;
    assert.equal(state.phase, "in", name);
    assert.equal(state.link, "joined", name);
    assert.equal(state.job, null, `${name}: something is still under way`);
    // Both see what the relay has.
    assert.equal(state.slot?.id, relay.current?.id, `${name} sees another message`);
    assert.equal(state.slot?.text, relay.current ? textOf(relay.current.iv) : undefined, `${name}: another text`);
    assert.equal(state.slot?.read, relay.current?.read, `${name}: read or not`);

    const mine = relay.taken.filter(({ author }) => author === name);
    const texts = mine.map(({ iv }) => textOf(iv) ?? "");
    // Nothing twice, nothing out of order: what the relay took is what was written, in order.
    const kept = page.written.filter((text) => texts.includes(text));
    assert.deepEqual(texts.map((text) => text.replace(/\*+$/, "")), kept, `order of ${name}`);
    // Nothing lost: what it did not take is still in the composer.
    for (const text of page.written) {
      if (!texts.includes(text)) assert.ok(state.draft.startsWith(text), `${text} is lost (${state.draft})`);
    }
    // Nothing unseen: whatever was answered had been shown. That an edit gets in
    // between a look and the answer is the protocol's: an answer names a message,
    // not its text.
    for (const { id, iv, edits, end } of mine) {
      const versions = [iv, ...edits].map(textOf);
      const seen = other.shown.get(id);
      if (end === "replaced") assert.ok(seen && versions.includes(seen), `${id} was not seen`);
      if (end === null) assert.equal(seen, versions.at(-1), `${id} is not shown`);
    }
    // In the order of the relay.
    const order = [...other.shown.keys()].map((id) => mine.findIndex((one) => one.id === id));
    assert.deepEqual(order, [...order].sort((a, b) => a - b), `${name}: shown out of order`);
  }
};

/** Plays histories, and gives what their relays took. */
const play = async (count: number, history: (world: World) => Promise<void>): Promise<Taken[]> => {
  const all: Taken[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const world = new World(seed, true);
    try {
      await begin(world);
      await history(world);
    } catch (error) {
      throw new Error(`history ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
    all.push(...world.relay.taken);
  }
  return all;
};

const histories = Number(process.env.HISTORIES ?? 2000) / 5;

void test(`nothing is lost, doubled, reordered or answered unseen, in ${histories} histories`, async () => {
  const all = await play(histories, async (world) => {
    await world.pass(1500, false);
    await rest(world);
    check(world);
  });
  // The histories were about something.
  const count = (what: (one: Taken) => boolean): number => all.filter(what).length;
  assert.ok(count(({ end }) => end === "replaced") > 3 * histories);
  assert.ok(count(({ end }) => end === "deleted") > histories / 2);
  assert.ok(count(({ edits }) => edits.length > 0) > histories);
});

void test("after restarts both meet again in one room, and what nobody read is in the composer", async () => {
  const all = await play(histories / 4, async (world) => {
    const { relay, people, said } = world;
    for (let round = 0; round < 3; round++) {
      await world.pass(300, false);
      // Both have to be there to hear that the relay restarts; a room that is
      // gone without a word is not made again by itself.
      await rest(world);
      relay.restart();
      await rest(world);
    }
    for (const { page, name } of people) {
      const { state } = page;
      assert.equal(state.phase, "in", name);
      assert.match(state.roomId, /^0{7}4-/, name);
      assert.equal(state.awaiting, false, name);
      const other = people.find((one) => one.page !== page)!.page;
      for (const text of page.written) {
        const taken = relay.taken.filter(({ iv }) => said.get(iv)?.text.includes(text));
        const arrived = taken.some(({ id, end }) => end !== "lost" || other.shown.has(id));
        assert.ok(arrived || state.draft.includes(text), `${name}: ${text} is lost`);
      }
    }
    assert.equal(relay.seats, 2);
  });
  assert.ok(all.filter(({ end }) => end === "lost").length > histories / 8);
});
