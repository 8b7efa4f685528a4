// A page and the Go client in one conversation: they must not only each agree
// with themselves.

import { after, describe, test } from "node:test";
import { engines } from "./lib/browser.js";
import { buildPeer } from "./lib/peer.js";
import { words } from "./lib/person.js";
import { stage } from "./lib/stage.js";

const gophers = await buildPeer();
after(gophers.remove);

for (const engine of engines) {
  describe(`${engine} and the Go client`, () => {
    const on = stage();

    for (const [name, kind] of [["a short number", words.shortNumber], ["a private number", words.newNumber]]) {
      test(`${name}: the page opens, the Go client is invited`, async () => {
        const anna = await on.visit("Anna", engine);
        const invitation = await anna.create("314159", kind);
        const gopher = gophers.start({ url: `http://127.0.0.1:${on.relay.port}`, number: invitation, pin: "271828" });
        await gopher.hears("in");
        await anna.see(words.connected);
        await anna.write("Grüße 🙂\nzweite Zeile");
        await gopher.hears("message", "Grüße 🙂\nzweite Zeile");
        await anna.lies(words.read);
        gopher.tell("नमस्ते <b>&amp;</b>");
        await anna.sees("नमस्ते <b>&amp;</b>");
        await gopher.hears("read");
        await anna.write("third, on the chain");
        await gopher.hears("message", "third, on the chain");
        await gopher.leave();
        await anna.see(words.notConnected);
      });
    }

    test("a private number: the Go client opens and leaves a message, the page is invited", async () => {
      const code = "48219 93701 64227 85310 42912";
      const gopher = gophers.start({ url: `http://127.0.0.1:${on.relay.port}`, number: code, pin: "271828", create: true });
      await gopher.hears("in");
      gopher.tell("left for you");
      const anna = await on.visit("Anna", engine);
      await anna.join(`My other number: +44 7700 900123,,${code}`, "314159");
      await anna.sees("left for you", words.wasLeft);
      await gopher.hears("read");
      await anna.write("sealed");
      await gopher.hears("message", "sealed");
      await anna.press(words.menu);
      await anna.hold(words.wipe, () => gopher.hears("ended"));
      await gopher.leave();
    });

    test("the Go client opens, the page is invited, and wipes", async () => {
      const gopher = gophers.start({
        url: `http://127.0.0.1:${on.relay.port}`,
        number: "+44 7700 900456, ref 4WNM-VD7H",
        pin: "271828",
        create: true,
      });
      await gopher.hears("in");
      gopher.tell("first");
      const anna = await on.visit("Anna", engine);
      await anna.join("My other number: +44 7700 900456, ref 4wnm-vd7h", "314159");
      await anna.sees("first");
      await gopher.hears("read");
      await anna.write("second");
      await gopher.hears("message", "second");
      await anna.press(words.menu);
      await anna.hold(words.wipe, () => gopher.hears("ended"));
      await gopher.leave();
    });
  });
}
