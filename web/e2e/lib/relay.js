// The real relay binary, built from this checkout.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Where the programs are that tests use, by what they are. */
export const sources = { relay: "cmd/sotto", peer: "cmd/sotto-chat", load: "cmd/sotto-load" };

/** Builds a program of this checkout; returns its path. */
export const buildInto = async (folder, source) => {
  const binary = join(folder, basename(source));
  await promisify(execFile)("go", ["build", "-o", binary, `./${source}`], { cwd: root });
  return binary;
};

/**
 * Gives the path of a program and what removes it again. When all tests run,
 * every program was built before them, in the folder PROGRAMS.
 */
export const build = async (source) => {
  const { PROGRAMS } = process.env;
  if (PROGRAMS) return { binary: join(PROGRAMS, basename(source)), remove: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "notes-program-"));
  return { binary: await buildInto(folder, source), remove: () => rm(folder, { recursive: true }) };
};

export const buildRelay = () => build(sources.relay);

const usual = {
  "--listen": "127.0.0.1:0",
  "--admin-listen": "off",
  "--create-rate": "off",
  "--upgrade-rate": "off",
  "--max-conns-per-address": "off",
};

/**
 * Starts a relay on a free port of the loopback and waits until it says where.
 * Its limits per address are off, as all phones of a test have one address;
 * everything else is what a relay does by default, unless the flags say other.
 */
export const startRelay = async (binary, ...flags) => {
  const missing = Object.entries(usual).filter(([flag]) => !flags.includes(flag));
  const child = spawn(binary, [...missing.flat(), ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const port = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      said += `${line}\n`;
      const found = /^Open http:\/\/[^:]+:(\d+)$/.exec(line);
      if (found) resolve(Number(found[1]));
    });
    child.on("exit", () => reject(new Error(`the relay did not start: ${said}`)));
    setTimeout(() => reject(new Error(`the relay said nothing for 60 s: ${said}`)), 60_000).unref();
  });
  return {
    port,
    /** Everything it printed. */
    said: () => said,
    /** Announces its end, in ten minutes. */
    drain: () => child.kill("SIGUSR1"),
    /** Ends it in order, as a service manager does. */
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      if (code !== 0) throw new Error(`the relay ended with ${code}: ${said}`);
    },
    /** Ends it as a power cut does: nobody is told. */
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
};
