// Runs the session: its socket, its timer, its keys. Everything that the pure
// machine asks for is done here, and what comes of it is told to the machine.

import { isRuled } from "./session/cover";
import type { Data, Engine, Identity, Keyring } from "./engine";
import { readFrame } from "./session/frames";
import { first, type Machine } from "./session/first";
import { initial, type Command, type Event, type KeyCommand, type State } from "./session/state";

export interface Session {
  readonly state: () => State;
  /** Tells the machine what happened. */
  readonly tell: (event: Event) => void;
  /** The number in use, as it was entered; empty if nobody is in. */
  readonly number: () => string;
  /** The engine in use, or the one that was last. */
  readonly engine: () => Engine | null;
  /**
   * Loads what it takes, derives who this is and joins. `gate` is what the join
   * says of a pairing code, `code`. In sotto-2 there is none: whether the open
   * place may be taken is `invited`.
   */
  readonly start: (load: () => Promise<Start>) => Promise<void>;
  /** The digits to compare with the other's, empty if there is nothing to compare. */
  readonly compare: () => Promise<string>;
  /** Whether this is the PIN of the one who is in; undefined if nobody is, or is any more. */
  readonly isPin: (pin: string) => Promise<boolean | undefined>;
  /** Whether that PIN is one that may be chosen here. */
  readonly isRuled: () => boolean;
}

export interface Start {
  readonly engine: Engine;
  /** own: by the one who made the number, who does not say the code. */
  readonly purpose: "create" | "enter" | "own";
  readonly number: string;
  readonly pin: string;
  readonly code: string;
  readonly gate: Data | null;
  readonly invited: boolean;
}

// Longer timers fire at once.
const longestTimer = 2 ** 31 - 1;

/**
 * `changed` runs after every event; `blanked` when what was typed into the first
 * screen is gone; `ring` makes a sound. `whole` is the whole machine, once it is
 * loaded: it must be before a session is started.
 */
export const createSession = (
  changed: () => void,
  blanked: () => void,
  ring: () => void,
  whole: () => Machine | undefined,
): Session => {
  let state = initial;
  let engine: Engine | null = null;
  let identity: Identity | null = null;
  let number = "";
  let ruled = true;
  // Resolves when the keys have done all that they were asked for.
  let keys: Promise<Keyring | null> | null = null;
  let generation = 0;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // By how much the phone's clock was set back meanwhile, in ms: for the machine
  // time only goes on, or it would wait for the old time to come again.
  let back = 0;
  // Counts what was forgotten, so that what was begun before does not go on
  // after; and how often the first screen was blanked.
  let forgotten = 0;
  let blanks = 0;

  const tell = (event: Event): void => {
    back = Math.max(back, state.at - Date.now());
    const { step, due } = whole() ?? first;
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
        if (identity) connect(identity.path + (command.elsewhere ? "?elsewhere" : ""));
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
        forgetKeys();
        keys = identity && unlock(identity, command.answer);
        break;
      case "forget":
        forgetKeys();
        identity?.forget();
        identity = null;
        number = "";
        forgotten++;
        break;
      case "blank":
        blanks++;
        blanked();
        break;
      case "ring":
        ring();
        break;
      default:
        askKeys(command);
    }
  };

  /** Null if the keys can't be had: then it is over, as nobody is to wait for them. */
  const unlock = (who: Identity, answer: Data): Promise<Keyring | null> => {
    const current = generation;
    return who.unlock(answer).catch(() => {
      if (generation === current) tell({ type: "fault" });
      return null;
    });
  };

  /** One after another: what the keys know depends on what they were asked before. */
  const askKeys = (command: KeyCommand): void => {
    const current = generation;
    keys = keys?.then(async (ring) => {
      const events = (await ring?.run(command).catch(() => [{ type: "fault" as const }])) ?? [];
      // Of keys that were given up nobody wants to hear.
      if (generation === current) events.forEach(tell);
      return ring;
    }) ?? null;
  };

  const forgetKeys = (): void => {
    void keys?.then((ring) => { ring?.forget(); });
    keys = null;
    generation++;
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
    engine: () => engine,
    async start(load) {
      // Of two presses while something is being loaded the last counts.
      const before = ++forgotten;
      const blanksBefore = blanks;
      const { engine: chosen, purpose, number: entered, pin, code, gate, invited } = await load();
      const found = await chosen.identify(entered, pin);
      if (forgotten !== before) {
        found.forget();
        return;
      }
      engine = chosen;
      identity = found;
      number = entered;
      ruled = isRuled(pin);
      const { author, credentials, blind } = found;
      const says = blind && (purpose === "create" || invited) ? blind : gate;
      tell({ type: "start", who: { purpose, author, credentials, code, gate: says, blind } });
      // Who went away before there was a PIN to ask for is asked for it now.
      if (blanks !== blanksBefore) tell({ type: "cover", event: "hide" });
    },
    compare: async () => (await keys)?.compare() ?? "",
    async isPin(pin) {
      const asked = identity;
      // Where a phone had no memory to compare it just now, it is no try.
      const right = await asked?.isPin(pin).catch(() => undefined);
      return asked === identity ? right : undefined;
    },
    isRuled: () => ruled,
  };
};
