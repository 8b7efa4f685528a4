// A page and the Go client in one conversation: they must not only each agree
// with themselves.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import assert from "node:assert/strict";
import { engines } from "./lib/browser.js";
import { until, words } from "./lib/person.js";
import { root } from "./lib/relay.js";
import { stage } from "./lib/stage.js";

const folder = await mkdtemp(join(tmpdir(), "notes-peer-"));
const binary = join(folder, "peer");

before(() => promisify(execFile)("go", ["build", "-o", binary, "./web/e2e/peer"], { cwd: root }));
after(() => rm(folder, { recursive: true }));

/** The Go client as a person. */
const startPeer = (who) => {
  const child = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const heard = [];
  createInterface(child.stdout).on("line", (line) => heard.push(JSON.parse(line)));
  const tell = (line) => child.stdin.write(`${JSON.stringify(line)}\n`);
  tell(who);
  return {
    tell,
    hears: (event, text) =>
      until(`the Go client to hear ${event} ${text ?? ""}`, () =>
        heard.some((line) => line.event === event && (text === undefined || line.text === text))),
    async leave() {
      child.stdin.end();
      const [code] = await exited;
      assert.equal(code, 0, "the Go client failed");
    },
  };
};

for (const engine of engines) {
  describe(`${engine} and the Go client`, () => {
    const on = stage();

    test("the page opens, the Go client is invited", async () => {
      const anna = await on.visit("Anna", engine);
      const invitation = await anna.create("314159");
      const gopher = startPeer({
        url: `http://127.0.0.1:${on.relay.port}`,
        number: invitation.match(/\+[\d ]+/)[0],
        ref: invitation.slice(-9),
        pin: "271828",
      });
      await gopher.hears("in");
      await anna.see(words.connected);
      await anna.write("Grüße 🙂\nzweite Zeile");
      await gopher.hears("message", "Grüße 🙂\nzweite Zeile");
      await anna.see(words.read);
      gopher.tell("नमस्ते <b>&amp;</b>");
      await anna.sees("नमस्ते <b>&amp;</b>");
      await gopher.hears("read");
      await gopher.leave();
      await anna.see(words.notConnected);
    });

    test("the Go client opens, the page is invited, and wipes", async () => {
      const gopher = startPeer({
        url: `http://127.0.0.1:${on.relay.port}`,
        number: "+44 7700 900456",
        ref: "4WNM-VD7H",
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
      await anna.hold(words.wipe, 2300);
      await gopher.hears("ended");
      await gopher.leave();
    });
  });
}
