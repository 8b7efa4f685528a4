// A session without a browser: the machine, what it asked for, and a clock.

import type { Data } from "../src/engine";
import { readFrame } from "../src/session/frames";
import { machine } from "../src/lazy/machine";
import { initial, type Command, type Event, type Purpose, type State, type Who } from "../src/session/state";

export const start = Date.UTC(2026, 5, 1, 12);
export const day = 86_400_000;

/** A session of somebody who is always there: no time hides or forgets anything. */
export const awake: State = { ...initial, settings: { ...initial.settings, idle: Infinity } };

export type Sent = Extract<Command, { do: "frame" }>;

/** Drives one machine by hand. */
export class Hand {
  state: State = awake;
  at = start;
  /** What the last event led to. */
  did: readonly Command[] = [];

  tell(event: Event): this {
    this.state = machine.step(this.state, event, this.at);
    this.did = this.state.commands;
    return this;
  }

  /** Lets time pass, with the ticks that the machine asked for. */
  wait(ms: number): this {
    const until = this.at + ms;
    const did: Command[] = [];
    for (;;) {
      const next = machine.due(this.state);
      if (next > until) break;
      this.at = next;
      this.tell({ type: "tick" });
      did.push(...this.did);
    }
    this.at = until;
    this.did = did;
    return this;
  }

  /** Names of what was done, frames by their event. */
  names(): string[] {
    return this.did.map((command) => (command.do === "frame" ? command.event : command.do));
  }

  /** The only frame that was sent. */
  sent(): Sent {
    const frames = this.did.filter((command) => command.do === "frame");
    if (frames.length !== 1 || !frames[0]) throw new Error(`${frames.length} frames: ${this.names().join()}`);
    return frames[0];
  }

  /** Gives the relay's answer or broadcast. */
  frame(frame: object): this {
    const read = readFrame(JSON.stringify(frame));
    if (!read) throw new Error("no frame");
    return this.tell({ type: "frame", frame: read });
  }

  ok(ref: string, ok: Data = {}): this {
    return this.frame({ ref, ok });
  }

  error(ref: string, reason: string, more: Data = {}): this {
    return this.frame({ ref, error: { reason, ...more } });
  }

  broadcast(event: string, data: Data = {}): this {
    return this.frame({ event, data });
  }

  down(code: number, luck = 0): this {
    return this.tell({ type: "down", code, luck });
  }
}

export const gate = { otp_hash: "9".repeat(64) };

export const who = (purpose: Purpose, more: Partial<Who> = {}): Who => ({
  purpose,
  author: "me",
  credentials: { sender_hash: "me", access_hash: "mine" },
  code: purpose === "create" ? "P2K4-9H7M" : "",
  gate: purpose === "create" ? gate : null,
  blind: null,
  ...more,
});

export const stamp = (at: number): string => new Date(at).toISOString();

export const roomOk = (more: Data = {}): Data => ({
  room_id: "room-1",
  ttl_expires_at: stamp(start + 7 * day),
  awaiting_party: false,
  resume: "f".repeat(64),
  ...more,
});

export const message = (id: string, sender: string, more: Data = {}): Data => ({
  id,
  sender_hash: sender,
  ciphertext: `c-${id}`,
  iv: `iv-${id}`,
  read_at: null,
  inserted_at: stamp(start),
  ...more,
});

/** A machine that waits for the answer to its first join. */
export const opening = (purpose: Purpose, more: Partial<Who> = {}): { hand: Hand; ref: string; join: Data } => {
  const hand = new Hand();
  hand.tell({ type: "start", who: who(purpose, more) });
  hand.tell({ type: "up" });
  const { ref, data } = hand.sent();
  return { hand, ref, join: data };
};

/** A machine in a room of two. */
export const inside = (more: Data = {}, purpose: "create" | "enter" = "enter", w: Partial<Who> = {}): Hand => {
  const { hand, ref } = opening(purpose, w);
  hand.ok(ref, roomOk(more));
  for (const command of hand.did) if (command.do === "open") openText(hand, command.sealed.iv);
  return hand;
};

/** One's own name in a room of sotto-2. */
export const author = "aa".repeat(32);

/** In a room of sotto-2, before the relay has answered the hello. */
export const greetingIn = (more: Data = {}): { hand: Hand; hello: string } => {
  const { hand, ref } = opening("enter", { author: "", blind: gate });
  hand.ok(ref, roomOk({ sender_hash: author, ...more }));
  return { hand, hello: hello(hand) };
};

/** Does the greeting that was asked for; returns the ref of the hello. */
const hello = (hand: Hand): string => {
  if (!hand.names().includes("greet")) throw new Error(`no greeting: ${hand.names().join()}`);
  hand.tell({ type: "keys", keys: { canSeal: true, mustGreet: false, mustSealAnew: false }, notes: [], accepted: "", late: "" });
  hand.tell({ type: "hello", hello: "aGVsbG8=" });
  return hand.sent().ref;
};

/** In a room of sotto-2, with the other's page open. */
export const insideBlind = (more: Data = {}): Hand => {
  const greeted = greetingIn(more);
  greeted.hand.broadcast("presence", { connected: true });
  return greeted.hand.ok(greeted.hello, {});
};

/** Drops the socket of a room of sotto-2 and comes back. */
export const backBlind = (hand: Hand, more: Data = {}): Hand => {
  back(hand, { sender_hash: author, ...more });
  const ref = hello(hand);
  hand.broadcast("presence", { connected: true });
  return hand.ok(ref, {});
};

/** What a message's sealed text says here: its iv. */
export const openText = (hand: Hand, iv: string): Hand => hand.tell({ type: "opened", iv, text: `text of ${iv}` });

export const nonce = (n: number): string => n.toString(16).padStart(32, "0");

/** Writes and sends; returns the frame that went out, if one did. */
export const write = (hand: Hand, text: string, n = 1): Sent | undefined => {
  hand.tell({ type: "draft", text });
  hand.tell({ type: "send", nonce: nonce(n) });
  return seal(hand, n);
};

/** Does the sealing that was asked for; returns the frame that went out, if one did. */
export const seal = (hand: Hand, n: number): Sent | undefined => {
  if (!hand.did.some((command) => command.do === "seal")) return undefined;
  hand.tell({ type: "sealed", nonce: nonce(n), sealed: { ciphertext: `sealed-${n}`, iv: `sealed-iv-${n}` } });
  return hand.did.find((command) => command.do === "frame");
};

/** What the n-th sealing gives here. */
export const sealed = (n: number): object => ({ ciphertext: `sealed-${n}`, iv: `sealed-iv-${n}` });

/** The message that the n-th sealing became. */
export const own = (n: number, id = `own-${n}`): Record<string, unknown> => message(id, "me", sealed(n) as Record<string, unknown>);

/** Drops the socket and comes back; gives the join's ok. */
export const back = (hand: Hand, more: Record<string, unknown> = {}): Hand => {
  hand.down(1006);
  hand.wait(1000);
  hand.tell({ type: "up" });
  return hand.ok(hand.sent().ref, roomOk(more));
};
