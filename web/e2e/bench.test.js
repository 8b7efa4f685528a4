// The benchmark works. What it says is judged by whoever runs it on a still
// machine.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

test("make bench-page prints a table with a figure in every row", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["bench.js", "--smoke"], {
    cwd: import.meta.dirname,
    timeout: 1_500_000,
  });
  const rows = stdout.trim().split("\n").map((row) => row.split(" | "));
  assert.ok(rows.length > 20, stdout);
  for (const [name, , , figure] of rows.slice(2)) assert.match(figure, /\d/, name);
});
