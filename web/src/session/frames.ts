// Frames of the relay's event protocol, as read from the socket. A hostile
// relay can send anything: fields are looked at through the functions below,
// which never throw and never believe.

/** Any JSON object as it came from the relay: nothing in it is to be believed. */
export type Data = Readonly<Record<string, unknown>>;

export interface Frame {
  /** Set on a reply: the ref of the request. */
  readonly ref: string;
  /** Set on a broadcast: its name. */
  readonly event: string;
  /** A broadcast's data, or a reply's ok. */
  readonly data: Data;
  /** A reply's error, null if it is ok. */
  readonly error: Data | null;
}

/** The frame in a text, or undefined if there is none. */
export const readFrame = (text: string): Frame | undefined => {
  try {
    const raw: unknown = JSON.parse(text);
    const frame = object(raw);
    return {
      ref: string(frame.ref),
      event: string(frame.event),
      data: object(frame.ok ?? frame.data),
      error: frame.error ? object(frame.error) : null,
    };
  } catch {
    return undefined;
  }
};

/** The value if it is a string, else the empty one. */
export const string = (value: unknown): string => (typeof value === "string" ? value : "");

/** The value if it is a number that can be counted with, else 0. */
export const number = (value: unknown): number => (Number.isFinite(value) ? (value as number) : 0);

/** The value if it is an object, else an empty one. */
export const object = (value: unknown): Data => (typeof value === "object" && value ? (value as Data) : {});

/** The time of a stamp in milliseconds since 1970, 0 if it is none. */
export const time = (value: unknown): number => number(Date.parse(string(value)));
