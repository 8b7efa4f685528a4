// Holds which way the sources import each other, types too: no circle, and each
// part only what it may know.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";
import { root } from "./bundle.js";

/** What the parts may import: files by name, folders with a slash. What is not named here is free, but for circles. */
const allowed = {
  main: ["app"],
  app: ["session/cover", "session/first", "dom", "later", "socket", "views/"],
  "views/": ["views/", "blind/code", "session/cover", "session/form", "dom", "invitation", "later", "phone", "socket", "words"],
  "lazy/": ["lazy/", "views/page", "session/", "blind/", "strings/", "bytes", "dom", "load", "phone", "std1", "words"],
  "session/": ["session/"],
  "blind/": ["blind/", "bytes", "engine", "phone", "session/state"],
  engine: ["session/frames", "session/state"],
  dom: [],
};

/** @type {(name: string, part: string) => boolean} */
const within = (name, part) => (part.endsWith("/") ? name.startsWith(part) : name === part);

/**
 * What is wrong with sources, by their names without suffix.
 * @param {Record<string, string>} sources
 */
const faults = (sources) => {
  /** @type {Record<string, string[]>} */
  const arrows = {};
  for (const [name, text] of Object.entries(sources)) {
    arrows[name] = ts
      .preProcessFile(text)
      .importedFiles.map(({ fileName }) => fileName)
      .filter((target) => target.startsWith("."))
      .map((target) => posix.join(posix.dirname(name), target));
  }
  const found = Object.entries(arrows).flatMap(([name, targets]) => {
    const rule = Object.entries(allowed).find(([part]) => within(name, part))?.[1];
    return targets
      .filter((target) => rule && !rule.some((part) => within(target, part)))
      .map((target) => `${name} may not import ${target}`);
  });
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {(name: string, path: string[]) => void} */
  const visit = (name, path) => {
    const begin = path.indexOf(name);
    if (begin >= 0) found.push("circle: " + [...path.slice(begin), name].join(" → "));
    if (begin >= 0 || done.has(name)) return;
    for (const target of arrows[name] ?? []) visit(target, [...path, name]);
    done.add(name);
  };
  Object.keys(arrows).forEach((name) => { visit(name, []); });
  return found;
};

// A check that finds nothing proves nothing.
const planted = faults({
  main: 'import "./a"; import { b } from "./app";',
  a: 'import type { B } from "./lazy/b";',
  "lazy/b": 'export type C = typeof import("../c");',
  c: 'export { a } from "./a";',
});
const want = ["main may not import a", "lazy/b may not import c", "circle: a → lazy/b → c → a"];
if (planted.join() !== want.join()) throw new Error(`planted faults are not found: ${planted.join("\n")}`);

const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const real = faults(
  Object.fromEntries(names.map((name) => [name.replace(/\.ts$/, ""), readFileSync(join(root, "src", name), "utf8")])),
);
if (real.length) throw new Error(real.join("\n"));
