// Two pages over a model relay: what the rules of the keys are played with.

import assert from "node:assert/strict";
import { hex } from "../src/bytes";
import { idBytes, keysOf, leftType, openMessage, readHeader } from "../src/blind/formats";
import type { Bytes } from "../src/blind/kdf";
import {
  accept, canSeal, compare, drop, greet, hear, mustGreet, mustSealAnew, seal, take, type Notice, type Order, type Suite,
} from "../src/blind/keys";
import type { Content } from "../src/session/state";
import { newPage, overwrite, type PageKeys, type Seen } from "../src/blind/state";
import { cheap } from "./cheap";
import { dice } from "./dice";

type Frame = Readonly<Record<string, unknown>>;
export interface Message { id: string; seat: number; iv: Bytes; message: Bytes; read: boolean }
interface Link { up: Frame[]; down: Frame[]; joined: boolean }
interface Said { text: Content; seat: number; left: boolean; page: string; sealed: boolean; blind: boolean }
interface Draft { order: Order; frame: Frame; own: boolean }

export class Person {
  keys: PageKeys | null = null;
  link: Link | null = null;
  greeted = false;
  draft: Draft | null = null;
  seen: Seen | null = null;
  slot: Message | null = null;
  /** What the person was told of keys. */
  notes: Notice[] = [];
  /** Texts of which the relay has the last word: accepted, or given back. */
  fates = new Map<string, string>();
  constructor(readonly seat: number) {}
}

export class World {
  private readonly random;
  readonly suite: Suite;
  life;
  slot: Message | null = null;
  readonly hellos: (Bytes | null)[] = [null, null];
  readonly senders: Bytes[];
  readonly nonces = [new Map<string, string>(), new Map<string, string>()];
  readonly people = [new Person(0), new Person(1)];
  /** Every variant that anybody sealed, by its iv. */
  readonly said = new Map<string, Said>();
  readonly recorded: Message[] = [];
  readonly applied = new Set<string>();
  count = 0;
  lives = 0;

  constructor(seed: number) {
    this.random = dice(seed);
    this.suite = { kem: cheap, random: (n) => this.bytes(n) };
    this.life = this.bytes(32);
    this.senders = [this.bytes(32), this.bytes(32)];
  }

  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  bytes(n: number): Bytes {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }

  // The relay.

  tell(seat: number, frame: Frame): void {
    const link = this.people[seat]?.link;
    if (link?.joined) link.down.push(frame);
  }

  tellBoth(frame: Frame): void {
    this.tell(0, frame);
    this.tell(1, frame);
  }

  serve(p: Person): void {
    const frame = p.link?.up.shift() as Record<string, never> | undefined;
    if (!frame) return;
    const { seat } = p;
    const { do: what, nonce, iv, message, id: about } = frame as unknown as { do: string; nonce: string; iv: Bytes; message: Bytes; id: string };
    const { slot } = this;
    const store = (id: string): void => {
      this.slot = { id, seat, iv, message, read: false };
      this.recorded.push(this.slot);
      this.applied.add(hex(iv));
      this.tellBoth({ do: "slot", slot: { ...this.slot } });
    };
    if (what === "join") {
      p.link!.joined = true;
      this.tell(seat, { do: "joined", slot: slot && { ...slot }, life: this.life });
    } else if (what === "hello") {
      const before = this.hellos[seat];
      this.hellos[seat] = message;
      if (!before || hex(before) !== hex(message)) this.tell(1 - seat, { do: "hello", message });
      this.tell(seat, { do: "helloOk", message: this.hellos[1 - seat] });
    } else if (what === "send") {
      const done = this.nonces[seat]!.get(nonce);
      const { replaces, replacesIv } = frame as unknown as { replaces: string; replacesIv: string };
      if (done) this.tell(seat, { do: "ok", nonce, id: done });
      else if (slot?.seat === seat) this.tell(seat, { do: "no", nonce });
      else if ((slot?.id ?? "") !== replaces || (slot && hex(slot.iv) !== replacesIv)) this.tell(seat, { do: "no", nonce });
      else {
        this.nonces[seat]!.set(nonce, "m" + nonce);
        store("m" + nonce);
        this.tell(seat, { do: "ok", nonce, id: "m" + nonce });
      }
    } else if (what === "edit") {
      if (slot?.id !== about || slot.seat !== seat || slot.read) this.tell(seat, { do: "no", nonce, gone: slot?.id !== about });
      else {
        this.tell(seat, { do: "ok", nonce });
        store(slot.id);
      }
    } else if (what === "read" && slot?.id === about && slot.seat !== seat) {
      slot.read = true;
      this.tellBoth({ do: "read", id: slot.id });
    }
  }

  restart(): void {
    this.lives++;
    this.life = this.bytes(32);
    this.slot = null;
    this.hellos.fill(null);
    for (const p of this.people) {
      this.nonces[p.seat]!.clear();
      p.link = null;
    }
    this.recorded.length = 0;
  }

  // A page.

  open(p: Person): void {
    p.notes = [];
    p.keys = newPage(this.life.slice(), this.bytes(idBytes), this.senders[p.seat]!);
    p.slot = p.seen = p.draft = null;
  }

  connect(p: Person): void {
    if (!p.keys) this.open(p);
    p.link = { up: [{ do: "join" }], down: [], joined: false };
    p.greeted = false;
  }

  put(p: Person, keys: PageKeys): void {
    if (p.keys) overwrite(p.keys, keys);
    p.keys = keys;
  }

  async hello(p: Person): Promise<void> {
    this.put(p, await greet(this.suite, p.keys!));
    p.link?.up.push({ do: "hello", message: p.keys!.hello!.bytes });
  }

  fate(p: Person, nonce: string, what: string, unread = false): void {
    const { draft } = p;
    if (draft?.order.nonce !== nonce) return;
    const iv = hex(draft.frame.iv as Bytes);
    // Whether an edit came before an answer that is locked, or one of a page that could not read it, nobody
    // can tell: its text comes back.
    if (what === "late" && unread) assert.ok(draft.order.edit);
    else assert.equal(this.applied.has(iv), what === "accepted", `${what}, and the relay has ${this.applied.has(iv) ? "" : "not "}taken it`);
    p.draft = null;
  }

  async show(p: Person, slot: Message | null, joining = false): Promise<void> {
    const stored = slot && { id: slot.id, sender: this.senders[slot.seat]!, iv: slot.iv, message: slot.message };
    const taken = await take(this.suite, p.keys!, stored, joining);
    this.put(p, taken.keys);
    p.slot = slot;
    p.seen = taken.seen;
    p.notes.push(...taken.notices);
    if (taken.accepted) this.fate(p, taken.accepted, "accepted");
    const unread = taken.seen?.kind === "locked" || taken.notices.includes("unseen") || !!slot && this.said.get(hex(slot.iv))!.blind;
    if (taken.late) this.fate(p, taken.late, "late", unread);
    if (slot && typeof taken.seen?.text === "string") {
      const said = this.said.get(hex(slot.iv));
      assert.equal(taken.seen.text, said?.text);
      assert.equal(slot.seat, said?.seat);
    }
  }

  async get(p: Person): Promise<void> {
    const frame = p.link?.down.shift() as Record<string, never> | undefined;
    if (!frame || !p.keys) return;
    const { do: what, nonce, message, slot, life, id, gone } = frame as unknown as
      { do: string; nonce: string; message: Bytes | null; slot: Message | null; life: Bytes; id: string; gone: boolean };
    if (what === "joined") {
      if (hex(life) !== hex(p.keys.life)) {
        overwrite(p.keys, null);
        this.open(p);
      }
      await this.show(p, slot, true);
      await this.hello(p);
    } else if (what === "helloOk" || what === "hello") {
      if (message) {
        const { keys, notices } = await hear(p.keys, message);
        this.put(p, keys);
        p.notes.push(...notices);
      }
      if (what === "helloOk") {
        if (!p.greeted && p.draft) p.link!.up.push(p.draft.frame);
        p.greeted = true;
      }
    } else if (what === "slot") await this.show(p, slot);
    else if (what === "read") {
      if (p.slot?.id === id) p.slot = { ...p.slot, read: true };
    } else {
      const done = what === "ok" ? accept(p.keys, nonce, id) : { keys: drop(p.keys, nonce, gone), notices: [] };
      this.put(p, done.keys);
      p.notes.push(...done.notices);
      this.fate(p, nonce, what === "ok" ? "accepted" : "refused");
    }
    if (p.greeted && mustGreet(p.keys)) await this.hello(p);
    if (p.greeted && mustSealAnew(p.keys) && !p.slot!.read) {
      const { text, empty } = p.keys.own!;
      await this.write(p, { edit: true, text, empty, anew: true, quiet: true, leave: false });
    }
  }

  async write(p: Person, what: Omit<Order, "nonce" | "sent">): Promise<void> {
    if (!p.keys || !p.greeted || p.draft) return;
    const order = { ...what, nonce: String(++this.count), sent: this.count };
    const sealed = await seal(this.suite, p.keys, order);
    if (!sealed) return;
    this.put(p, sealed.keys);
    p.notes.push(...sealed.notices);
    const { iv, message } = sealed;
    const left = readHeader(message)!.type === leftType;
    this.said.set(hex(iv), { text: order.empty ? "" : order.text, seat: p.seat, left, page: hex(p.keys.page), sealed: !left, blind: p.seen?.kind === "locked" });
    const frame = order.edit
      ? { do: "edit", nonce: order.nonce, iv, message, id: p.slot!.id }
      : { do: "send", nonce: order.nonce, iv, message, replaces: p.slot?.id ?? "", replacesIv: p.slot ? hex(p.slot.iv) : "" };
    p.draft = { order, frame, own: true };
    p.link?.up.push(frame);
  }

  async act(): Promise<void> {
    const p = this.people[this.below(2)]!;
    const roll = this.below(100);
    if (!p.link) {
      if (roll < 60) this.connect(p);
      else if (roll < 63) this.close(p);
    } else if (roll < 32) this.serve(p);
    else if (roll < 66) await this.get(p);
    else if (roll < 69) {
      p.link = null; // cut, and what was under way is lost
    } else if (roll < 70) this.close(p);
    else if (roll < 88) {
      if (p.keys && !p.slot) await this.send(p);
      else if (p.keys && p.slot!.seat !== p.seat) await this.send(p);
      else if (p.keys) {
        await this.write(p, { edit: true, text: `edit ${this.count}`, empty: roll === 87, anew: false, quiet: false, leave: this.below(5) === 0 });
      }
    } else if (roll < 96 && p.greeted && p.seen?.kind === "text" && p.slot?.seat === 1 - p.seat) {
      p.link.up.push({ do: "read", id: p.slot.id });
    } else if (roll === 99 && this.below(20) === 0) this.restart();
  }

  async send(p: Person): Promise<void> {
    const leave = !canSeal(p.keys!) || this.below(4) === 0;
    await this.write(p, { edit: false, text: `text ${this.count}`, empty: false, anew: false, quiet: false, leave });
  }

  close(p: Person): void {
    if (p.keys) overwrite(p.keys, null);
    p.keys = p.link = p.draft = p.slot = p.seen = null;
    p.greeted = false;
  }

  /** Lets everything that is under way arrive. */
  async settle(): Promise<void> {
    for (const p of this.people) if (!p.link) this.connect(p);
    for (let i = 0; this.people.some(({ link }) => link!.up.length + link!.down.length); i++) {
      assert.ok(i < 200, "they never come to rest");
      for (const p of this.people) {
        this.serve(p);
        await this.get(p);
      }
    }
  }

  /** What must hold when everything has arrived. */
  async check(): Promise<number> {
    await this.settle();
    const [a, b] = this.people as [Person, Person];
    for (const p of this.people) {
      assert.equal(p.draft, null);
      assert.equal(p.slot?.id, this.slot?.id);
      assert.equal(hex(p.slot?.iv ?? new Uint8Array()), hex(this.slot?.iv ?? new Uint8Array()));
    }
    const { slot } = this;
    if (slot) {
      const [author, reader] = slot.seat ? [b, a] : [a, b];
      const said = this.said.get(hex(slot.iv))!;
      const alive = said.page === hex(author.keys!.page);
      if (alive && !slot.read) assert.notEqual(reader.seen?.kind, "locked", "stuck though the author's page lives");
      if (said.left) assert.equal(reader.seen?.text, said.text);
      if (alive && reader.seen?.kind === "text" && !said.left && author.seen?.kind === "text") {
        assert.equal(await compare(author.keys!), await compare(reader.keys!));
      }
    }
    return this.secrecy();
  }

  /** No key of either page opens a sealed message that was replaced. */
  async secrecy(): Promise<number> {
    let tried = 0;
    for (const m of this.recorded.slice(-6)) {
      if (m.id === this.slot?.id || this.said.get(hex(m.iv))!.left) continue;
      const header = readHeader(m.message)!;
      for (const { keys } of this.people) {
        const { hello, own, theirs } = keys!;
        const seeds = [hello?.seed, own?.key?.seed].filter((seed) => !!seed);
        const chains = [keys!.life, own?.key?.c, own?.open?.from?.c, theirs?.c].filter((c) => !!c);
        const found = [own?.open?.k, theirs?.k].filter((k) => !!k);
        for (const seed of seeds) {
          for (const c of chains) found.push((await keysOf(cheap, seed, c, this.senders[m.seat]!, header))!.k);
        }
        for (const k of found) {
          tried++;
          assert.equal(await openMessage(k, m.iv, header, m.message), undefined, "a replaced message opens");
        }
      }
    }
    return tried;
  }
}
