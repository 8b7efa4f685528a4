// How many taps it takes on a small phone, and that nothing has to be looked
// for: what is tapped next is on the screen, and what is typed has the focus.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { words } from "./lib/person.js";
import { pairs, stage } from "./lib/stage.js";
import { tapToChat, tapToInvitation } from "./lib/taps.js";

for (const pair of pairs) {
  describe(`320×568, ${pair[0]} opens, ${pair[1]} is invited`, () => {
    const on = stage();

    test("3 taps and the PIN to a copied invitation, 4 and the PIN to the chat", async () => {
      const anna = await on.visit("Anna", pair[0]);
      const ben = await on.visit("Ben", pair[1]);
      for (const { page } of [anna, ben]) await page.setViewport({ width: 320, height: 568 });
      const { taps, invitation } = await tapToInvitation(anna, "314159");
      assert.ok(taps <= 3, `${taps} taps`);
      const message = `So, finally! ${invitation}. Talk to you on the 24.12. at 8:30`;
      const followed = await tapToChat(ben, message, "271828");
      assert.ok(followed <= 4, `${followed} taps`);
      await anna.see(words.connected);
    });
  });
}
