// A site that means harm, open in the same browser as the page. It is served on
// another port under both names of this machine: under the page's own it is of
// the same site, under the other one of another.

import { createServer } from "node:http";

export const servesHarm = async () => {
  const server = createServer((request, answer) => {
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    answer.end("<!doctype html><title>prizes</title><body>You have won!");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    origins: { "the same site": `http://localhost:${port}/`, "another site": `http://127.0.0.1:${port}/` },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
};

// The following run in the hostile page and give what they achieved, by name.

/** Sockets and requests of every kind. Everything here must be "refused". */
export const reach = async (target, room, script) => {
  const socket = (path) => new Promise((resolve) => {
    const ws = new WebSocket(target.replace("http", "ws") + path);
    ws.onopen = () => resolve("open");
    ws.onerror = ws.onclose = () => resolve("refused");
  });
  const request = (path, options) =>
    fetch(target + path, { cache: "no-store", ...options }).then(({ type, status }) => `${type} ${status}`, () => "refused");
  const element = (tag, attributes) => new Promise((resolve) => {
    const node = Object.assign(document.createElement(tag), attributes);
    node.onload = node.onloadedmetadata = () => resolve("loaded");
    node.onerror = () => resolve("refused");
    document.body.append(node);
    if (tag === "video") node.load();
  });
  const source = new Promise((resolve) => {
    const events = new EventSource(`${target}api/config`);
    events.onopen = () => resolve("open");
    events.onerror = () => (events.close(), resolve("refused"));
  });
  const worker = () => new Promise((resolve) => {
    try {
      const made = new Worker(target + script);
      made.onerror = () => resolve("refused");
    } catch {
      resolve("refused");
    }
  });
  const exists = `api/room/${room}/exists`;
  const all = {
    "a socket to a room": socket(`room/${room}/ws`),
    "a source of events": source,
    "a worker": worker(),
    "a module": import(target + script).then(() => "loaded", () => "refused"),
    "a script": element("script", { src: target + script }),
    "a module script": element("script", { type: "module", src: target + script }),
    "a style": element("link", { rel: "stylesheet", href: target }),
    "a picture": element("img", { src: target }),
    "a picture of the panic route": element("img", { src: `${target}x` }),
    "a film": element("video", { src: target }),
    "a post to the panic route": request("x", { method: "POST", mode: "no-cors" }),
  };
  for (const path of ["", "about", "x", "api/config", "healthz", exists, script]) {
    for (const mode of ["cors", "no-cors"]) all[`${mode} /${path}`] = request(path, { mode });
  }
  all["cors with credentials"] = request("", { mode: "cors", credentials: "include" });
  const names = Object.keys(all);
  const results = await Promise.all(Object.values(all));
  return Object.fromEntries(names.map((name, i) => [name, results[i]]));
};

/** What the browser's own books tell of the target. */
export const spy = (target) => {
  const colour = (href) => {
    const link = Object.assign(document.createElement("a"), { href, textContent: "?" });
    document.body.append(link);
    return getComputedStyle(link).color;
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: "a{color:blue}a:visited{color:red}" }));
  const entries = performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(target));
  return {
    visited: colour(target) !== colour(`${target}never`),
    sizes: entries.map((entry) => entry.transferSize + entry.encodedBodySize + entry.decodedBodySize),
    times: entries.map((entry) => entry.requestStart + entry.responseStart + entry.secureConnectionStart),
    statuses: entries.map((entry) => entry.responseStatus ?? 0),
    entries: entries.length,
  };
};

/** Opens the target and keeps the handle. */
export const open = (target) => {
  window.prey = window.open(target, "prey");
  window.heard = [];
  addEventListener("message", ({ origin, data }) => window.heard.push(`${origin} ${data}`));
};

/** What the handle is good for. */
export const handle = () => {
  const { prey } = window;
  const attempt = (run) => {
    try {
      return String(run());
    } catch {
      return "refused";
    }
  };
  prey.postMessage("leave", "*");
  return {
    closed: attempt(() => prey.closed),
    document: attempt(() => prey.document.title),
    frames: attempt(() => prey.length),
    steered: attempt(() => (prey.location = "about:blank#steered", "")),
  };
};

/** Many requests that a hostile page can send off, whatever becomes of them; it does not know whose room to ask for. */
export const flood = async (target, count) => {
  const room = () => [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sockets = Array.from({ length: count }, () => new Promise((resolve) => {
    const ws = new WebSocket(`${target.replace("http", "ws")}room/${room()}/ws`);
    ws.onerror = ws.onclose = resolve;
  }));
  const requests = Array.from({ length: count }, () =>
    fetch(`${target}api/room/${room()}/exists`, { mode: "no-cors", cache: "no-store" }).catch(() => {}));
  // Slower, so a few of them.
  const frames = Array.from({ length: 8 }, () => new Promise((resolve) => {
    const frame = Object.assign(document.createElement("iframe"), { src: `${target}api/room/${room()}/exists` });
    frame.onload = frame.onerror = resolve;
    setTimeout(resolve, 3000);
    document.body.append(frame);
  }));
  await Promise.race([
    Promise.all([...sockets, ...requests, ...frames]),
    new Promise((resolve) => setTimeout(resolve, 10_000)),
  ]);
};
