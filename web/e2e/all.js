// Runs every test here, two files at a time: npm run e2e. Or only some, by their
// files: npm run e2e -- taps.test.js cut.test.js
//
// The programs are built once for all of them.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { buildInto, sources } from "./lib/relay.js";

const here = import.meta.dirname;
const named = process.argv.slice(2);
const names = named.length ? named : (await readdir(here)).filter((name) => name.endsWith(".test.js")).sort();
// What takes long is not to begin when all else has ended.
const long = ["flaky", "residue", "access", "voice", "idle", "bench"].map((name) => `${name}.test.js`);
names.sort((a, b) => Number(long.includes(b)) - Number(long.includes(a)));

const programs = await mkdtemp(join(tmpdir(), "notes-programs-"));
try {
  for (const source of Object.values(sources)) await buildInto(programs, source);
  process.env.PROGRAMS = programs;
  // A file as a whole has this long, in ms.
  const tests = run({ files: names.map((name) => join(here, name)), concurrency: 2, timeout: 1_800_000 });
  tests.on("test:fail", () => { process.exitCode = 1; });
  for await (const line of tests.compose(spec)) process.stdout.write(line);
} finally {
  await rm(programs, { recursive: true });
}
