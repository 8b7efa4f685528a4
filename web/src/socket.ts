// Runs the session: its socket, its timer, its keys. Everything that the pure
// machine asks for is done here, and what comes of it is told to the machine.

import type { Box, Engine, Identity } from "./engine";
import { readFrame } from "./session/frames";
import { due, step } from "./session/session";
import { initial, type Command, type Event, type State } from "./session/state";

export interface Session {
  readonly state: () => State;
  /** Tells the machine what happened. */
  readonly tell: (event: Event) => void;
  /** The number in use, as it was entered; empty if nobody is in. */
  readonly number: () => string;
  /** Derives who this is and joins. `code` is a pairing code in any spelling, or empty. */
  readonly start: (purpose: "create" | "enter", number: string, pin: string, code: string) => Promise<void>;
  /** Replaces the pairing code in the room, or starts again behind it. */
  readonly useCode: (type: "regate" | "again", code: string) => Promise<void>;
  /** Whether this is the PIN of the one who is in; undefined if nobody is. */
  readonly isPin: (pin: string) => Promise<boolean> | undefined;
}

// Longer timers fire at once.
const longestTimer = 2 ** 31 - 1;

/** `changed` runs after every event. */
export const createSession = (engine: Engine, changed: () => void): Session => {
  let state = initial;
  let identity: Identity | null = null;
  let number = "";
  let box: Promise<Box> | null = null;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // By how much the phone's clock was set back meanwhile, in ms: for the machine
  // time only goes on, or it would wait for the old time to come again.
  let back = 0;
  // Counts what was forgotten, so that what was begun before does not go on after.
  let forgotten = 0;

  const tell = (event: Event): void => {
    back = Math.max(back, state.at - Date.now());
    state = step(state, event, Date.now() + back);
    const { at, commands } = state;
    commands.forEach(run);
    clearTimeout(timer);
    const wait = due(state) - at;
    if (wait < longestTimer) timer = setTimeout(tell, wait, { type: "tick" });
    changed();
  };

  const run = (command: Command): void => {
    switch (command.do) {
      case "dial":
        if (identity) connect(identity.path);
        break;
      case "hangup":
        disconnect();
        break;
      case "frame":
        if (socket?.readyState === WebSocket.OPEN) {
          socket.send(JSON.stringify({ event: command.event, ref: command.ref, data: command.data }));
        }
        break;
      case "unlock":
        box = identity?.unlock(command.answer) ?? null;
        break;
      case "seal":
        void box
          ?.then((keys) => keys.seal(command.text))
          .then((sealed) => {
            tell({ type: "sealed", nonce: command.nonce, sealed });
          });
        break;
      case "open":
        void box
          ?.then((keys) => keys.open(command.sealed))
          .then((text) => {
            tell({ type: "opened", iv: command.sealed.iv, text });
          });
        break;
      case "forget":
        identity = box = null;
        number = "";
        forgotten++;
    }
  };

  const connect = (path: string): void => {
    disconnect();
    const url = new URL(path, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const mine = new WebSocket(url);
    socket = mine;
    // A socket that was given up may still have something to say: not to us.
    const told = (event: Event): void => {
      if (socket === mine) tell(event);
    };
    mine.onopen = () => {
      told({ type: "up" });
    };
    mine.onmessage = ({ data }) => {
      const frame = typeof data === "string" && readFrame(data);
      if (frame) told({ type: "frame", frame });
    };
    mine.onclose = ({ code }) => {
      told({ type: "down", code, luck: Math.random() });
    };
  };

  const disconnect = (): void => {
    const old = socket;
    socket = null;
    old?.close();
  };

  return {
    state: () => state,
    tell,
    number: () => number,
    async start(purpose, entered, pin, code) {
      // Of two presses while the engine is being loaded the last counts.
      const before = ++forgotten;
      const found = await engine.identify(entered, pin);
      const gate = code ? await engine.gate(code) : null;
      if (forgotten !== before) return;
      identity = found;
      number = entered;
      tell({ type: "start", who: { purpose, author: found.author, credentials: found.credentials, code, gate } });
    },
    async useCode(type, code) {
      tell({ type, code, gate: await engine.gate(code) });
    },
    isPin: (pin) => identity?.isPin(pin),
  };
};
