// Bundles the unit tests as the page is bundled and runs them in Node: all of
// them, or some by name: npm test -- cover hidden

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, root } from "./bundle.js";

const named = process.argv.slice(2);
const tests = readdirSync(join(root, "test"))
  .filter((name) => name.endsWith(".test.ts") && (!named.length || named.includes(name.split(".")[0] ?? "")));
if (!tests.length) throw new Error("no tests");
const out = mkdtempSync(join(tmpdir(), "page-test-"));
try {
  await bundle({
    entryPoints: tests.map((name) => join("test", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    sourcemap: "inline",
  });
  const files = tests.map((name) => join(out, name.replace(/ts$/, "mjs")));
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=dot", ...files], {
    cwd: root,
    stdio: "inherit",
    // However slow the machine, or many the histories.
    timeout: 36_000_000,
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true });
}
