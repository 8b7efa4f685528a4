// Looks for a secret in bytes, in any form in which it could have been written
// there by mistake.

import { createHash, hkdfSync, pbkdf2Sync } from "node:crypto";

const hash = (...parts) => createHash("sha256").update(parts.join(":")).digest("hex");

/** What an invitation has: the number, and the code or the ref behind it. */
export const partsOf = (invitation) => {
  const number = invitation.match(/\+[\d ]+/)[0].trim();
  const digits = number.replace(/\D/g, "");
  const code = invitation.match(/,,([\d ]+)$/)?.[1];
  const ref = code ?? invitation.slice(-9);
  return [number, digits, digits.slice(-9), ref, ref.replace(/[ -]/g, ""), ...(code ? code.match(/\d+ \d+/g) : [])];
};

/** What is made of an invitation and the PINs; the first is the room's hash, which the relay is told. */
export const hashesOf = (invitation, pins) => {
  const [, digits, , , ref] = partsOf(invitation);
  if (!invitation.includes(",,")) {
    return [
      hash(digits, "stelegano-room-v1-2026"),
      ...pins.map((pin) => hash(digits, pin, "stelegano-access-v1-2026")),
      hash(ref),
    ];
  }
  const secret = pbkdf2Sync(ref, "sotto-2 code", 600_000, 32, "sha256");
  const derive = (label, context) =>
    Buffer.from(hkdfSync("sha256", secret, "", `sotto-2 ${label}\0${context}`, 32)).toString("hex");
  return [derive("room", ""), ...pins.map((pin) => derive("access", pin)), derive("gate", ""), secret.toString("hex")];
};

/** base64 of these bytes wherever they begin in a longer run: what is the same in all of them. */
const base64s = (bytes) =>
  [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64").replace(/=+$/, "");
    // The first characters depend on what comes before, the last on what follows.
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor(((before + bytes.length) * 8) / 6);
    return whole.slice(from, to);
  });

const reversed = (text) => [...text].reverse().join("");
const utf16be = (text) => Buffer.from(text, "utf16le").swap16();
const percent = (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const unicode = (text) =>
  Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");
const entities = (text) => [...text].map((char) => `&#${char.codePointAt(0)};`).join("");

/** Every form of a secret, by name. */
export const formsOf = (secret) => {
  const forms = new Map();
  const add = (name, form) => forms.set(name, Buffer.from(form));
  for (const [order, text] of [["", secret], ["reversed ", reversed(secret)]]) {
    const utf8 = Buffer.from(text);
    const utf16 = Buffer.from(text, "utf16le");
    add(`${order}UTF-8`, utf8);
    add(`${order}UTF-16LE`, utf16);
    add(`${order}UTF-16BE`, utf16be(text));
    for (const [name, bytes] of [["UTF-8", utf8], ["UTF-16LE", utf16]]) {
      add(`${order}hex of ${name}`, bytes.toString("hex"));
      base64s(bytes).forEach((form, i) => {
        add(`${order}base64 of ${name} (${i})`, form);
        add(`${order}base64url of ${name} (${i})`, form.replaceAll("+", "-").replaceAll("/", "_"));
      });
      add(`${order}byte list of ${name}`, [...bytes].join(","));
    }
    add(`${order}URL-encoded`, encodeURIComponent(text));
    add(`${order}percent`, percent(text));
    add(`${order}escapes`, unicode(text));
    add(`${order}entities`, entities(text));
    add(`${order}spaced`, [...text].join(" "));
  }
  return forms;
};

/** Names of the forms in which the secret is in the bytes; upper and lower case are one. */
export const find = (secret, bytes) => {
  const lower = Buffer.from(bytes.toString("latin1").toLowerCase(), "latin1");
  const found = [];
  for (const [name, form] of formsOf(secret)) {
    const caseless = Buffer.from(form.toString("latin1").toLowerCase(), "latin1");
    // base64 means another thing in another case.
    const hit = name.includes("base64") ? bytes.includes(form) : lower.includes(caseless);
    if (hit) found.push(name);
  }
  return found;
};
