// What the relay serves, and what it costs a phone.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { engines } from "./lib/browser.js";
import { words } from "./lib/person.js";
import { buildRelay, root, startRelay } from "./lib/relay.js";
import { stage } from "./lib/stage.js";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The bytes that come, not unpacked. */
const fetchRaw = (url, headers) =>
  new Promise((resolve, reject) => {
    get(url, { headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    }).on("error", reject);
  });

describe("the program", () => {
  let built;
  let relay;

  before(async () => {
    built = await buildRelay();
    relay = await startRelay(built.binary);
  });

  after(async () => {
    await relay?.stop();
    await built?.remove();
  });

  test("serves exactly the bytes of web/dist/MANIFEST", async () => {
    const manifest = await readFile(join(root, "web/dist/MANIFEST"), "utf8");
    const rows = manifest.trim().split("\n").map((row) => row.split("  "));
    assert.ok(rows.length > 30, "MANIFEST is too short");
    for (const [sum, name] of rows) {
      const [, plain, suffix] = /^(.*?)(?:\.(br|gz))?$/.exec(name);
      const page = /^(\w+)\.(\w+)\.html$/.exec(plain);
      const path = page ? page[1].replace("index", "") : plain;
      const answer = await fetchRaw(`http://127.0.0.1:${relay.port}/${path}`, {
        "accept-encoding": { br: "br", gz: "gzip" }[suffix] ?? "identity",
        "accept-language": page?.[2] ?? "en",
      });
      assert.equal(answer.status, 200, name);
      assert.equal(sha256(answer.body), sum, name);
      assert.equal(answer.headers["cache-control"], "no-store", name);
    }
  });

  test("says which document it serves", async () => {
    const { stdout } = await promisify(execFile)(built.binary, ["version"]);
    const { body } = await fetchRaw(`http://127.0.0.1:${relay.port}/`, { "accept-language": "en" });
    assert.ok(stdout.includes(sha256(body).slice(0, 12)), stdout);
  });
});

for (const engine of engines) {
  describe(`in ${engine}`, () => {
    const on = stage();

    // On a slow link each byte and each request before a usable chat is waited for.
    test("a usable chat costs one document of 14,000 bytes, one script and one socket", async (t) => {
      const anna = await on.visit("Anna", engine);
      const invitation = await anna.create("314159");
      const ben = await on.visit("Ben", engine);
      await ben.join(invitation, "271828");
      await ben.find("textarea", words.message);
      const requests = ben.tap.requests().toSorted((a, b) => (a.line < b.line ? -1 : 1));
      assert.deepEqual(
        requests.map(({ line }) => line.replace(/[0-9a-f]{64}|(?<=more-en-)[0-9a-f]{8}/, "…")),
        ["GET / HTTP/1.1", "GET /more-en-….js HTTP/1.1", "GET /room/…/ws HTTP/1.1"],
      );
      const [document, script, socket] = requests;
      assert.match(document.answer, /^HTTP\/1\.1 200 /);
      assert.match(document.answer, /^Content-Encoding: br\r?$/im);
      assert.match(socket.answer, /^HTTP\/1\.1 101 /);
      assert.ok(document.bodyBytes <= 12_900, `the document has ${document.bodyBytes} bytes`);
      assert.ok(document.headBytes <= 1_100, `its headers have ${document.headBytes} bytes`);
      assert.match(script.answer, /^Content-Encoding: br\r?$/im);
      assert.ok(script.bodyBytes <= 19_200, `the script has ${script.bodyBytes} bytes`);
      const file = await readFile(join(root, "web/dist/index.en.html.br"));
      assert.equal(document.bodyBytes, file.length);
      const down = Buffer.concat(ben.tap.wires.flatMap((wire) => wire.down)).length;
      t.diagnostic(`document ${document.bodyBytes} + headers ${document.headBytes} + script ${script.bodyBytes + script.headBytes} + socket ${down - document.bodyBytes - document.headBytes - script.bodyBytes - script.headBytes} = ${down} bytes`);
    });

    test("the page as text, without the app", async () => {
      const anna = await on.visit("Anna", engine);
      for (const path of ["about", "security"]) {
        await anna.page.goto(anna.url + path);
        assert.equal(await anna.page.title(), words.title);
        assert.ok((await anna.text()).length > 500, path);
        assert.equal(await anna.run(() => document.scripts.length), 0);
        // The style is applied: the policy lets it.
        assert.equal(await anna.run(() => getComputedStyle(document.querySelector("nav")).display), "flex");
      }
      await anna.page.goto(`${anna.url}x`);
      await anna.see(words.invited);
      assert.equal(anna.page.url(), anna.url);
    });
  });
}
