// A wire between a phone and the relay, on which everything can be seen, held
// and cut: a TCP proxy. Both engines speak through it alike.

import { createServer, connect } from "node:net";

/**
 * One connection, with what went up (from the phone) and down so far.
 * @typedef {{ up: Buffer[], down: Buffer[] }} Wire
 */

export class Tap {
  /** @type {Wire[]} */
  wires = [];
  #server = createServer((socket) => this.#accept(socket));
  #sockets = new Set();
  #held = null;
  #refused = false;

  /** `port` is the relay's; it may be set anew when the relay is restarted. */
  constructor(port) {
    this.target = port;
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://localhost:${this.#server.address().port}/`;
    return this;
  }

  #accept(phone) {
    if (this.#refused) {
      phone.destroy();
      return;
    }
    const relay = connect(this.target, "127.0.0.1");
    const wire = { up: [], down: [] };
    this.wires.push(wire);
    for (const [from, to, log] of [[phone, relay, wire.up], [relay, phone, wire.down]]) {
      this.#sockets.add(from);
      const pass = (chunk) => {
        log.push(chunk);
        to.write(chunk);
      };
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        if (from === phone && this.#held) {
          this.#held.push(() => pass(chunk));
          return;
        }
        pass(chunk);
      });
      from.on("error", () => to.destroy());
      from.on("end", () => to.end());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  /** Keeps what the phone sends until release. */
  hold() {
    this.#held = [];
  }

  release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const pass of held) pass();
  }

  /** Breaks every connection and refuses new ones until mend. */
  cut() {
    this.#refused = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#refused = false;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Every request: its first line, its headers, and the bytes of the answer to it. */
  requests() {
    return this.wires.flatMap(readRequests);
  }

  /** The payload of every WebSocket frame, from both sides, as text. */
  frames() {
    return this.wires.flatMap((wire) => {
      const up = Buffer.concat(wire.up);
      const down = Buffer.concat(wire.down);
      if (!/^Upgrade: websocket\r?$/im.test(headOf(up))) return [];
      return [...readFrames(afterHead(up), "up"), ...readFrames(afterHead(down), "down")];
    });
  }

  /** Everything that went over the wire, frames unmasked. */
  everything() {
    return [
      ...this.wires.flatMap((wire) => [Buffer.concat(wire.up), Buffer.concat(wire.down)]),
      ...this.frames().map((frame) => frame.payload),
    ];
  }
}

const endOfHead = "\r\n\r\n";
const headOf = (bytes) => bytes.subarray(0, bytes.indexOf(endOfHead)).toString("latin1");
const afterHead = (bytes) => bytes.subarray(bytes.indexOf(endOfHead) + endOfHead.length);

/**
 * Requests of one connection. The phones here send no bodies, and the answers
 * say how long they are.
 */
const readRequests = (wire) => {
  const found = [];
  let up = Buffer.concat(wire.up);
  let down = Buffer.concat(wire.down);
  while (up.indexOf(endOfHead) >= 0) {
    const head = headOf(up);
    const answer = headOf(down);
    const [line, ...headers] = head.split("\r\n");
    const upgrade = /^Upgrade: websocket\r?$/im.test(head);
    const body = Number(/^Content-Length: (\d+)$/im.exec(answer)?.[1] ?? 0);
    const headBytes = answer.length + endOfHead.length;
    found.push({ line, headers, answer, headBytes, bodyBytes: upgrade ? 0 : body });
    if (upgrade) break;
    up = afterHead(up);
    down = down.subarray(headBytes + body);
  }
  return found;
};

/** Frames as RFC 6455 lays them out: no extension is in use. */
const readFrames = (bytes, direction) => {
  const frames = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const opcode = bytes[at] & 15;
    const masked = (bytes[at + 1] & 128) !== 0;
    let length = bytes[at + 1] & 127;
    at += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const key = masked ? bytes.subarray(at, at + 4) : null;
    at += masked ? 4 : 0;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (key) for (let i = 0; i < payload.length; i++) payload[i] ^= key[i % 4];
    at += length;
    frames.push({ direction, opcode, payload });
  }
  return frames;
};
