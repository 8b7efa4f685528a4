// Everything that can be entered wrongly: what is said, to the letter; nobody's
// place is taken by it, and nothing is shown.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { assertNeverShown, keepLedger } from "./lib/ledger.js";
import { say, words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";

/** What is said of a lock half an hour long that began between then and now, to the minute, by the clock of this machine. */
const lockedSince = (then) => {
  const told = [];
  for (let at = then - 60_000; at <= Date.now() + 60_000; at += 60_000) {
    told.push(say("locked", { time: new Date(at + 1_800_000).toTimeString().slice(0, 5) }));
  }
  return told;
};

// What the session decides, whatever runs it.
describe("Chromium opens, Firefox is invited", () => {
  const [pair] = pairs;
  const on = stage();

  test("wrong number, PIN, ref and person: exact words, no place taken, nothing shown", async () => {
    const text = "for the right eyes";
    const anna = await on.visit("Anna", pair[0]);
    const invitation = await anna.create("314159");
    const number = invitation.match(/\+[\d ]+/)[0].trim();
    await anna.press(words.close);
    await anna.write(text);
    await anna.sees(text, words.onRelay);
    await anna.choose(words.forget);
    await anna.see(words.invited);

    const eve = await on.visit("Eve", pair[1]);
    await keepLedger(eve, [text]);
    const enter = async (who, number, pin) => {
      await who.put(words.number, "");
      await who.paste(words.number, number);
      await who.retype(words.pin, pin);
      await who.ask();
    };
    const tries = async (who, number, pin, told) => {
      await enter(who, number, pin);
      await who.isTold(told);
    };

    // A number nobody has opened; asking does not open it.
    const nobody = "+44 7700 900998";
    await tries(eve, nobody, "000000", words.nobody);
    const room = createHash("sha256").update(`${nobody.replace(/\D/g, "")}:stelegano-room-v1-2026`).digest("hex");
    const answer = await fetch(`http://127.0.0.1:${on.relay.port}/api/room/${room}/exists`);
    assert.deepEqual(await answer.json(), { exists: false });

    // The creator's own PIN, mistyped, while the other place is free. (1)
    await tries(anna, number, "314158", words.askRef);
    await eve.reload();
    await keepLedger(eve, [text]);
    // A wrong ref. (2)
    const wrongRef = invitation.endsWith("0000-000A") ? "0000-000B" : "0000-000A";
    await tries(eve, `${number}, ref ${wrongRef}`, "000000", words.wrongRef);
    // The right ref with the creator's PIN.
    await eve.reload();
    await keepLedger(eve, [text]);
    await tries(eve, invitation, "314159", words.whose);
    await eve.press(words.invited);
    await eve.isTold(words.otherPin);
    await assertNeverShown(eve);
    // The creator, whose tab was thrown away, with the own invitation. Here only the place knows the code.
    await anna.reload();
    await tries(anna, invitation, "314159", words.whose);
    await anna.press(words.iMadeIt);
    await anna.sees(text, words.onRelay);
    await anna.choose(words.invitation);
    assert.equal(await anna.invitation(), invitation);
    await anna.press(words.close);
    await anna.choose(words.forget);
    // The same one mistypes the PIN: that takes no place either. The count began anew with the code. (1)
    await anna.press(words.comeBack);
    await tries(anna, invitation, "314158", words.notYours);

    // Both places are as they were.
    const ben = await on.visit("Ben", pair[1]);
    await ben.join(invitation, "271828");
    await ben.sees(text);
    await anna.reload();
    await anna.join(number, "314159");
    await anna.sees(text, words.read);

    // A third person with the invitation. (2)
    await eve.reload();
    await keepLedger(eve, [text]);
    await tries(eve, invitation, "000000", words.held);
    // The same without, until the door is locked. (3 to 10)
    await eve.reload();
    await keepLedger(eve, [text]);
    for (const left of [7, 6, 5, 4, 3, 2]) await tries(eve, number, "000000", say("wrongPin", { left }));
    await tries(eve, number, "000000", say("wrongPin", { left: 1 }));
    const before = Date.now();
    // Also for the right PIN, from a page that was not inside.
    for (const pin of ["000000", "000000", "314159"]) {
      await enter(eve, number, pin);
      await eve.see(words.locked.split("{")[0]);
      const told = await eve.status();
      assert.ok(lockedSince(before).includes(told), told);
    }
    await assertNeverShown(eve);
    // Who is inside stays inside.
    await ben.comeBack("271828");
    await anna.comeBack("314159");
    await ben.write("not for Eve");
    await anna.sees("not for Eve");
  });
});
