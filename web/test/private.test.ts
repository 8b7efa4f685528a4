// Two sessions of sotto-2 talk over a relay while everything happens in any
// order: frames wait, lines drop, keys take their time, pages close and come
// back, phones are put away, the relay restarts. Each seed is one such history.

import assert from "node:assert/strict";
import { test } from "node:test";
import { wordsOf, World } from "./people";

const rest = async (world: World): Promise<void> => {
  for (let round = 0; round < 4; round++) {
    for (const person of world.people) {
      const { page } = person;
      person.comeBack();
      page.tell({ type: "attention", on: true });
      page.tell({ type: "hidden", on: false });
      page.tell({ type: "check" });
    }
    await world.pass(700, true);
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
    if (slot.text !== null) assert.equal(wordsOf(slot.text ?? ""), truth.text, `${name}: another text`);
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
      assert.ok(taken.has(text) || text === wordsOf(page.state.voice ?? "") || page.state.draft.split("\n").includes(text), `${name}: ${text} is lost (${page.state.draft})`);
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
      await world.pass(1500, false);
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
