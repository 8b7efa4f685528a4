// The Go client as the other person, without a page.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { until } from "./person.js";
import { root } from "./relay.js";

/** Builds it; returns what starts one and what removes the program again. */
export const buildPeer = async () => {
  const folder = await mkdtemp(join(tmpdir(), "notes-peer-"));
  const binary = join(folder, "peer");
  await promisify(execFile)("go", ["build", "-o", binary, "./web/e2e/peer"], { cwd: root });
  return { start: (who) => start(binary, who), remove: () => rm(folder, { recursive: true }) };
};

const start = (binary, who) => {
  const child = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const heard = [];
  createInterface(child.stdout).on("line", (line) => heard.push(JSON.parse(line)));
  const tell = (line) => child.stdin.write(`${JSON.stringify(line)}\n`);
  tell(who);
  return {
    tell,
    /** Everything so far, in order: what happened, and the text that came with it. */
    heard,
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
