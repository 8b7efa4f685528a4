// Who saw what, in which order: kept by the pages themselves while links fail.

import assert from "node:assert/strict";
import { until } from "./person.js";

/** Runs in the page: notes every message that is shown, and whether a secret ever is. */
const keep = (secrets) => {
  const ledger = (window.ledger = { shown: [], leaked: [] });
  const look = () => {
    const text = document.querySelector("[role=log]")?.textContent;
    if (text && text !== ledger.shown.at(-1)) ledger.shown.push(text);
    const values = [...document.querySelectorAll("input, textarea")].map(({ value }) => value);
    const all = [document.body.textContent, document.title, location.href, ...values].join("\n");
    ledger.leaked.push(...secrets.filter((secret) => all.includes(secret)));
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
};

/** From now on; none of the secrets may come to be on the screen. */
export const keepLedger = (person, secrets) => person.run(keep, secrets);

/** Nothing that must not be on the screen ever was, since the ledger is kept. */
export const assertNeverShown = async (person) => {
  assert.deepEqual(await person.run(() => window.ledger.leaked), [], `on ${person.name}'s screen in ${person.engine}`);
};

/** These messages, each once, in this order, and nothing else. */
export const assertLedger = async (person, texts) => {
  await until(`${person.name}'s last message`, async () => (await person.run(() => window.ledger.shown.at(-1))) === texts.at(-1));
  assert.deepEqual(await person.run(() => window.ledger.shown), texts, `${person.name} in ${person.engine}`);
  await assertNeverShown(person);
};
