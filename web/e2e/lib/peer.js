// The terminal client as the other person, over pipes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { until } from "./person.js";
import { build, sources } from "./relay.js";

/** Builds it; returns what starts one and what removes the program again. */
export const buildPeer = async () => {
  const { binary, remove } = await build(sources.peer);
  return { start: (who) => start(binary, who), remove };
};

const start = (binary, { url, number, pin, create = false }) => {
  const child = spawn(binary, ["--plain", url], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  child.stdin.on("error", () => {}); // its end is told by how it ended
  const heard = [];
  createInterface(child.stdout).on("line", (line) => heard.push(JSON.parse(line)));
  const ask = (request) => child.stdin.write(`${JSON.stringify(request)}\n`);
  ask({ do: "open", number, pin, reads: true, entry: create ? "create" : "invited" });
  return {
    tell: (text) => ask({ do: "send", text }),
    speak: (voice) => ask({ do: "voice", voice }),
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
