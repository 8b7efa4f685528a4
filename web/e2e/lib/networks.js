// The networks that phones have, before the relay: sotto-load's proxy.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { build, sources } from "./relay.js";

/** Networks of a profile that `sotto-load profiles` lists, one for each of so many phones, to a port of the loopback. */
export const startNetworks = async (port, profile, count) => {
  const { binary, remove } = await build(sources.load);
  const listen = Array.from({ length: count }, () => ["--listen", "127.0.0.1:0"]).flat();
  const child = spawn(binary, ["proxy", "--to", `127.0.0.1:${port}`, "--profile", profile, "--api", "127.0.0.1:0", ...listen],
    { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const ports = [];
  let api;
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith("seed ")) break; // the last one
    const [, phone, changes] = /^127\.0\.0\.1:(\d+) to |^changes at (.+)$/.exec(line);
    if (phone) ports.push(Number(phone));
    else api = changes;
  }
  const ask = async (what, method) => {
    const answer = await fetch(`${api}/${what}`, { method });
    assert.equal(answer.status, 200, `${method} ${what}`);
    return answer.json();
  };
  return {
    ports,
    /** What the proxy says of one of them. */
    status: (at) => ask(at, "GET"),
    /** Nothing passes on any of them, for so long. */
    blackout: (long) => Promise.all(ports.map((at) => ask(`${at}/blackout?for=${long}`, "POST"))),
    async close() {
      child.kill("SIGTERM");
      await exited;
      await remove();
    },
  };
};
