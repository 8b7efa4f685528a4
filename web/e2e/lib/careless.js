// A page that leaves traces everywhere a page can: what the search for traces
// is tried on.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";

const places = [
  "localStorage", "sessionStorage", "indexedDB", "cacheStorage", "gzipInCache", "brotliInCache", "plainInCache",
  "textarea", "input", "hash", "title", "state", "path",
];

/** What it leaves, by the place. */
export const marks = Object.fromEntries(
  places.map((place) => [place, `${place.toLowerCase()}${randomBytes(6).toString("hex")}`]),
);

// Long and dull enough for every store to compress it.
const around = (mark) => "lorem ipsum dolor sit amet ".repeat(400) + mark + " consectetur adipisici".repeat(400);

const cached = {
  "/gzip": ["gzip", gzipSync(around(marks.gzipInCache))],
  "/brotli": ["br", brotliCompressSync(Buffer.from(around(marks.brotliInCache)))],
  "/plain": ["identity", Buffer.from(around(marks.plainInCache))],
};

export const servesCarelessly = async () => {
  const server = createServer((request, answer) => {
    const [encoding, body] = cached[request.url] ?? [];
    if (body) {
      answer.writeHead(200, { "cache-control": "max-age=3600", "content-type": "text/plain", "content-encoding": encoding });
      answer.end(body);
      return;
    }
    answer.writeHead(200, { "content-type": "text/html" });
    answer.end("<!doctype html><textarea></textarea><form><input type=tel name=tel></form>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${server.address().port}/`;
  return {
    async leavesTraces(page) {
      await page.goto(url + marks.path);
      await page.evaluate(keepEverywhere, marks, Object.keys(cached), around("here").split("here"));
      for (const control of ["textarea", "input"]) await (await page.$(control)).type(marks[control]);
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** Runs in the page. */
const keepEverywhere = async (marks, urls, [before, after]) => {
  const around = (mark) => before + mark + after;
  document.title = marks.title;
  localStorage.setItem("key", around(marks.localStorage));
  sessionStorage.setItem("key", marks.sessionStorage); // Firefox keeps small ones only
  history.replaceState({ key: marks.state }, "", `#${marks.hash}`);
  const opening = indexedDB.open("base");
  opening.onupgradeneeded = () => opening.result.createObjectStore("store");
  await new Promise((resolve) => (opening.onsuccess = resolve));
  const transaction = opening.result.transaction("store", "readwrite");
  transaction.objectStore("store").put(around(marks.indexedDB), "key");
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  await (await caches.open("kept")).put("/kept", new Response(around(marks.cacheStorage)));
  for (const url of urls) await (await fetch(url)).text();
};
