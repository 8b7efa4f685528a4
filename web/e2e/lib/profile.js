// What a browser left on disk: every file under its folder, as it is and
// unpacked.

import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import { brotli, deflate, isTable, log, lz4, snappy, snappyFrames, table } from "./unpack.js";

const run = promisify(execFile);

/** Every place at which these bytes are. */
const places = (bytes, what) => {
  const found = [];
  for (let at = bytes.indexOf(what); at >= 0; at = bytes.indexOf(what, at + 1)) found.push(at);
  return found;
};

const mozLz4 = Buffer.from("mozLz40\0");
const simpleCache = Buffer.from("305c72a71b6dfbfc", "hex");
const framed = Buffer.from("ff060000734e61507059", "hex"); // "sNaPpY"

/** What sqlite3 says of a database, with what its write-ahead log holds. The original stays as it is. */
const sqlite = async (path, ...args) => {
  const folder = await mkdtemp(join(tmpdir(), "notes-db-"));
  try {
    for (const end of ["", "-wal", "-journal"]) {
      await copyFile(path + end, join(folder, `db${end}`)).catch((error) => {
        if (!end || error.code !== "ENOENT") throw error;
      });
    }
    const { stdout } = await run("sqlite3", [join(folder, "db"), ...args], { maxBuffer: 2 ** 28 });
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** What a query finds in a database of the profile: nothing if there is no such database. */
export const rows = async (home, path, query) => {
  try {
    const found = await sqlite(join(home, path), "-json", query);
    return found ? JSON.parse(found) : [];
  } catch (error) {
    if (error.code === "ENOENT" && error.syscall === "copyfile") return [];
    throw error;
  }
};

/** What these bytes are when they are unpacked, in every way that fits: [how, bytes]. */
const unpacked = async (path, bytes) => {
  const all = [];
  const add = async (how, unpack) => {
    try {
      const found = await unpack();
      if (found.length > 0) all.push([how, found]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // else it was something different
    }
  };
  if (bytes.subarray(0, 8).equals(mozLz4)) await add("lz4", () => lz4(bytes.subarray(12), bytes.readUInt32LE(8)));
  if (bytes.subarray(0, 10).equals(framed)) await add("snappy frames", () => snappyFrames(bytes));
  if (isTable(bytes)) await add("table", () => table(bytes));
  if (/^\d+\.log$/.test(basename(path))) await add("log", () => log(bytes));
  if (bytes.subarray(0, 8).equals(simpleCache)) {
    await add("brotli in Chromium's cache", () => brotli(bytes.subarray(24 + bytes.readUInt32LE(12))));
  }
  if (path.includes("cache2")) await add("brotli in Firefox's cache", () => brotli(bytes));
  for (const at of places(bytes, Buffer.from("1f8b08", "hex"))) {
    await add(`gzip at ${at}`, () => deflate(bytes.subarray(at + 10)));
  }
  if (bytes.subarray(0, 15).toString("latin1") === "SQLite format 3") {
    const text = await sqlite(path, ".dump");
    all.push(["SQLite", Buffer.from(text)]);
    for (const [, hex] of text.matchAll(/X'([0-9a-f]+)'/gi)) {
      const blob = Buffer.from(hex, "hex");
      all.push(["blob in SQLite", blob]);
      await add("snappy in SQLite", () => snappy(blob));
    }
  }
  return all;
};

/** Every file below the folder whose name fits, once as it is and once in every way it can be unpacked: [name, bytes]. */
export const contents = async function* (folder, fits = /^/) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const name = relative(folder, path);
    if (!fits.test(name)) continue;
    yield [name, Buffer.from(name)];
    if (!entry.isFile()) continue;
    const bytes = await readFile(path);
    yield [name, bytes];
    for (const [how, inside] of await unpacked(path, bytes)) yield [`${name} (${how})`, inside];
  }
};
