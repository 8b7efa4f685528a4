// Runs every test here, two files at a time: npm run e2e. Or only some, by their
// files: npm run e2e -- taps.test.js cut.test.js
//
// The programs are built once for all of them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildInto, sources } from "./lib/relay.js";

const here = import.meta.dirname;
const named = process.argv.slice(2);
const files = named.length ? named : (await readdir(here)).filter((name) => name.endsWith(".test.js")).sort();

const programs = await mkdtemp(join(tmpdir(), "notes-programs-"));
try {
  for (const source of Object.values(sources)) await buildInto(programs, source);
  // A file as a whole has this long, in ms.
  const options = ["--test", "--test-concurrency=2", "--test-timeout=1800000", "--test-reporter=spec"];
  const tests = spawn(process.execPath, [...options, ...files], {
    cwd: here,
    env: { ...process.env, PROGRAMS: programs },
    stdio: "inherit",
  });
  const [code] = await once(tests, "exit");
  process.exitCode = code ?? 1;
} finally {
  await rm(programs, { recursive: true });
}
