// What browsers pack before they write it to disk, unpacked again. Enough of
// each format to read what is there; damaged input gives what came before the
// damage, or an error.

import { createBrotliDecompress, createInflateRaw } from "node:zlib";

/** A little-endian base-128 number, and where the next byte is. */
const varint = (bytes, at) => {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 49) throw new RangeError("varint runs over");
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
};

/** Output that later parts refer back to. */
class Window {
  #bytes;
  #length = 0;

  constructor(size) {
    if (size > 2 ** 28) throw new RangeError(`${size} bytes can't be right`);
    this.#bytes = Buffer.alloc(size);
  }

  literal(bytes) {
    if (this.#length + bytes.length > this.#bytes.length) throw new RangeError("more than was promised");
    this.#length += bytes.copy(this.#bytes, this.#length);
  }

  copy(back, count) {
    if (back === 0 || back > this.#length) throw new RangeError("refers to before the beginning");
    if (this.#length + count > this.#bytes.length) throw new RangeError("more than was promised");
    for (; count > 0; count--, this.#length++) this.#bytes[this.#length] = this.#bytes[this.#length - back];
  }

  done() {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** One LZ4 block that unpacks to so many bytes. */
export const lz4 = (bytes, size) => {
  const out = new Window(size);
  let at = 0;
  const more = (nibble) => {
    let length = nibble;
    if (nibble === 15) {
      let byte;
      do length += byte = bytes[at++]; while (byte === 255);
    }
    return length;
  };
  while (at < bytes.length) {
    const token = bytes[at++];
    const literals = more(token >> 4);
    out.literal(bytes.subarray(at, (at += literals)));
    if (at >= bytes.length) break;
    const back = bytes.readUInt16LE(at);
    at += 2;
    out.copy(back, more(token & 15) + 4);
  }
  return out.done();
};

/** Raw Snappy. */
export const snappy = (bytes) => {
  let [size, at] = varint(bytes, 0);
  const out = new Window(size);
  while (at < bytes.length) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const width = length - 60;
        length = bytes.readUIntLE(at, width) + 1;
        at += width;
      }
      out.literal(bytes.subarray(at, (at += length)));
    } else if (kind === 1) {
      out.copy(((tag >> 5) << 8) | bytes[at++], ((tag >> 2) & 7) + 4);
    } else {
      const width = kind === 2 ? 2 : 4;
      out.copy(bytes.readUIntLE(at, width), (tag >> 2) + 1);
      at += width;
    }
  }
  const whole = out.done();
  if (whole.length !== size) throw new RangeError("less than was promised");
  return whole;
};

/** A stream of Snappy's framing format. */
export const snappyFrames = (bytes) => {
  const parts = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const kind = bytes[at];
    const length = bytes.readUIntLE(at + 1, 3);
    const body = bytes.subarray(at + 8, at + 4 + length); // behind a checksum
    if (kind === 0) parts.push(snappy(body));
    if (kind === 1) parts.push(body);
    at += 4 + length;
  }
  return Buffer.concat(parts);
};

/** Everything a stream unpacks to before it ends or breaks; what follows it is not looked at. */
const stream = (decoder, bytes) =>
  new Promise((resolve) => {
    const parts = [];
    const done = () => resolve(Buffer.concat(parts));
    decoder.on("data", (part) => parts.push(part)).on("end", done).on("error", done);
    decoder.end(bytes);
  });

export const brotli = (bytes) => stream(createBrotliDecompress(), bytes);

/** Deflate without a header, as it is inside gzip and zlib. */
export const deflate = (bytes) => stream(createInflateRaw(), bytes);

/** Keys and values of a LevelDB block, each key whole. */
const entries = (block) => {
  const found = [];
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  let key = Buffer.alloc(0);
  for (let at = 0; at < end; ) {
    let shared, rest, length;
    [shared, at] = varint(block, at);
    [rest, at] = varint(block, at);
    [length, at] = varint(block, at);
    key = Buffer.concat([key.subarray(0, shared), block.subarray(at, (at += rest))]);
    found.push([key, block.subarray(at, (at += length))]);
  }
  return found;
};

/** Whether this is a table of LevelDB. */
export const isTable = (bytes) => bytes.subarray(-8).toString("hex") === "57fb808b247547db";

/** Keys and values of a LevelDB table, one after the other. */
export const table = (bytes) => {
  const block = (handle) => {
    const [offset, at] = varint(handle, 0);
    const [length] = varint(handle, at);
    const body = bytes.subarray(offset, offset + length);
    const kind = bytes[offset + length];
    if (kind > 1) throw new Error(`a block is packed in a way (${kind}) that is not known here`);
    return entries(kind === 1 ? snappy(body) : body);
  };
  const footer = bytes.subarray(-48);
  const [, behindOffset] = varint(footer, 0);
  const [, behindMeta] = varint(footer, behindOffset);
  const index = block(footer.subarray(behindMeta));
  return Buffer.concat(index.flatMap(([, handle]) => block(handle).flat()));
};

/** The records of a LevelDB log, which are cut where its blocks of 32 KiB end. */
export const log = (bytes) => {
  const parts = [];
  for (let at = 0; at + 7 <= bytes.length; ) {
    const left = 32_768 - (at % 32_768);
    const length = bytes.readUInt16LE(at + 4);
    if (left < 7 || bytes[at + 6] === 0) {
      at += left;
      continue;
    }
    parts.push(bytes.subarray(at + 7, at + 7 + length));
    at += 7 + length;
  }
  return Buffer.concat(parts);
};
