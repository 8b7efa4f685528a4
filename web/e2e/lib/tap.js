// A wire between a phone and the relay, on which everything can be seen, held
// and cut: a TCP proxy. Both engines speak through it alike.

import { createServer, connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * One connection, with what went up (from the phone) and down so far.
 * @typedef {{ up: Buffer[], down: Buffer[] }} Wire
 */

const bothWays = ["up", "down"];

export class Tap {
  /** @type {Wire[]} */
  wires = [];
  #server = createServer((socket) => this.#accept(socket));
  /** Open connections: both ends of each. */
  #links = new Set();
  /** What waits, by direction, while it is held. */
  #held = { up: null, down: null };
  #pace = 0;
  #refused = false;

  /** `port` is the relay's; it may be set anew when the relay is restarted, and is null while there is none. */
  constructor(port) {
    this.target = port;
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://localhost:${this.#server.address().port}/`;
    return this;
  }

  #accept(phone) {
    if (this.#refused || this.target === null) {
      phone.destroy();
      return;
    }
    const relay = connect(this.target, "127.0.0.1");
    const link = { phone, relay, stranded: false };
    this.#links.add(link);
    const wire = { up: [], down: [] };
    this.wires.push(wire);
    for (const [direction, from, to] of [["up", phone, relay], ["down", relay, phone]]) {
      // What is held is held whole: the end of a connection waits behind its bytes.
      const pass = (act) => {
        if (this.#held[direction]) this.#held[direction].push(act);
        else act();
      };
      from.setNoDelay(true);
      from.on("data", (chunk) => {
        pass(() => {
          wire[direction].push(chunk);
          if (this.#pace) void trickle(from, to, chunk, () => this.#pace);
          else to.write(chunk);
        });
      });
      from.on("error", () => pass(() => to.destroy()));
      from.on("end", () => pass(() => to.end()));
      from.on("close", () => {
        if (link.stranded) return;
        pass(() => {
          to.destroy();
          this.#links.delete(link);
        });
      });
    }
  }

  /** Keeps what is sent that way, by default what the phone sends, until release. */
  hold(...directions) {
    for (const direction of directions.length ? directions : ["up"]) this.#held[direction] = [];
  }

  /** A black hole: nothing arrives and nobody is told. */
  swallow() {
    this.hold(...bothWays);
  }

  /** Whether something that is held that way waits. */
  holds(direction) {
    return this.#held[direction]?.length > 0;
  }

  release() {
    for (const direction of bothWays) {
      const held = this.#held[direction] ?? [];
      this.#held[direction] = null;
      for (const act of held) act();
    }
  }

  /** From now on so many bytes in every 20 ms, 0 for as many as there are. */
  drip(bytes) {
    this.#pace = bytes;
  }

  /** Resets every connection; new ones come through. */
  reset() {
    for (const { phone, relay } of this.#links) {
      phone.resetAndDestroy();
      relay.resetAndDestroy();
    }
  }

  /** Resets what the phone has open, and leaves the relay with ghosts that it takes for phones. */
  strand() {
    for (const link of this.#links) {
      link.stranded = true;
      link.phone.resetAndDestroy();
    }
  }

  /** Breaks every connection and refuses new ones until mend. */
  cut() {
    this.#refused = true;
    for (const { phone, relay } of this.#links) {
      phone.destroy();
      relay.destroy();
    }
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

/** Writes a chunk bit by bit, as many bytes at a time as it is said then, and reads no more until it is out. */
const trickle = async (from, to, chunk, pace) => {
  from.pause();
  for (let at = 0; at < chunk.length && !to.destroyed;) {
    const bytes = pace() || chunk.length;
    to.write(chunk.subarray(at, at += bytes));
    await pause(20);
  }
  from.resume();
};

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
