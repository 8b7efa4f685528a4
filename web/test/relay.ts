// A relay of one room in memory, written from the protocol's text and not from
// the page: for tests of two sessions with each other. No lockout, no limits.

type Data = Record<string, unknown>;

const week = 7 * 86_400_000;

interface Answer {
  /** An ok, or the reason of an error. */
  reply?: Data | string;
  /** A broadcast to every member. */
  news?: [event: string, data: Data];
  /** Broadcasts to the one who asked, behind the reply. */
  after?: [event: string, data: Data][];
}

export interface Line {
  /** Hands a frame to the phone. */
  deliver(frame: object): void;
  close(code: number): void;
}

interface Seat {
  access: string;
  sender: string;
  nonce: string;
  answer: Data;
  hello: string;
}

interface Message {
  id: string;
  seat: Seat;
  ciphertext: string;
  iv: string;
  read_at: string | null;
  inserted_at: string;
}

interface Room {
  id: string;
  gate: string | null;
  seats: Seat[];
  slot: Message | null;
  members: Map<Line, Seat>;
  /** The token of the page that each line is of. */
  tokens: Map<Line, string>;
}

/** What the relay took, in its order. */
export interface Taken {
  id: string;
  author: string;
  iv: string;
  /** The ivs of its edits. */
  edits: string[];
  end: "replaced" | "deleted" | "lost" | null;
}

export class FakeRelay {
  readonly taken: Taken[] = [];
  rooms = 0;
  private tokens = 0;
  private room: Room | null = null;

  /** `replyFirst`: a reply and the broadcast of the same step may come in either order. */
  constructor(
    private readonly now: () => number,
    private readonly replyFirst: () => boolean,
  ) {}

  /** The message that is there, if any. */
  get current(): { id: string; iv: string; read: boolean } | null {
    const slot = this.room?.slot;
    return slot ? { id: slot.id, iv: slot.iv, read: slot.read_at !== null } : null;
  }

  get seats(): number {
    return this.room?.seats.length ?? 0;
  }

  restart(): void {
    const { room } = this;
    this.room = null;
    if (room?.slot) this.entry(room.slot).end = "lost";
    for (const line of room?.members.keys() ?? []) line.close(1012);
  }

  /** Another relay that has the same room from here on, and in it the lines of one seat, which leave this one. */
  split(access: string): FakeRelay {
    const twin = new FakeRelay(this.now, this.replyFirst);
    const { room } = this;
    if (!room) return twin;
    const seats = new Map(room.seats.map((seat) => [seat, { ...seat }]));
    const members = [...room.members].filter(([, { access: its }]) => its === access);
    for (const [line] of members) room.members.delete(line);
    twin.rooms = this.rooms;
    twin.taken.push(...structuredClone(this.taken));
    twin.room = {
      ...room,
      seats: [...seats.values()],
      slot: room.slot && { ...room.slot, seat: seats.get(room.slot.seat)! },
      members: new Map(members.map(([line, seat]) => [line, seats.get(seat)!])),
    };
    return twin;
  }

  /** The line dropped. */
  gone(line: Line): void {
    const seat = this.room?.members.get(line);
    this.room?.members.delete(line);
    if (seat) this.tellPresence(seat);
  }

  private here(seat: Seat): boolean {
    return [...(this.room?.members.values() ?? [])].includes(seat);
  }

  /** Tells the other seat whether this one has a socket. */
  private tellPresence(seat: Seat): void {
    for (const [line, other] of this.room?.members ?? []) {
      if (other !== seat) line.deliver({ event: "presence", data: { connected: this.here(seat) } });
    }
  }

  receive(line: Line, text: string): void {
    const { event, ref, data } = JSON.parse(text) as { event: string; ref: string; data: Data };
    const seat = this.room?.members.get(line);
    let answer: Answer;
    if (event === "join") answer = this.join(line, data);
    else if (event === "hello" && this.room && seat) answer = this.hello(this.room, line, seat, String(data.hello));
    else if (this.room && seat) answer = this.handle(this.room, seat, event, data);
    else answer = { reply: "not_joined" };
    const { reply, news } = answer;
    const replying = (): void => {
      if (typeof reply === "string") line.deliver({ ref, error: { reason: reply } });
      else if (reply) line.deliver({ ref, ok: reply });
    };
    const first = this.replyFirst();
    if (first) replying();
    if (news) for (const one of this.room?.members.keys() ?? []) one.deliver({ event: news[0], data: news[1] });
    if (!first) replying();
    for (const [name, what] of answer.after ?? []) line.deliver({ event: name, data: what });
  }

  private join(line: Line, data: Data): Answer {
    const access = String(data.access_hash);
    const gate = typeof data.otp_hash === "string" ? data.otp_hash : null;
    if (data.intent === "return" && this.room?.id !== data.room_id) return { reply: "not_found" };
    if (data.intent === "enter" && !this.room) return { reply: "not_found" };
    this.room ??= { id: `${String(++this.rooms).padStart(8, "0")}-0000-4000-8000-000000000000`, gate, seats: [], slot: null, members: new Map<Line, Seat>(), tokens: new Map<Line, string>() };
    const { room } = this;
    let seat = room.seats.find((one) => one.access === access);
    if (!seat) {
      const first = room.seats.length === 0;
      if (room.seats.length === 2) return { reply: "unauthorized" };
      if (!first && room.gate !== null && gate !== room.gate) return { reply: gate ? "otp_invalid" : "otp_required" };
      seat = { access, sender: String(data.sender_hash), nonce: "", answer: {}, hello: "" };
      room.seats.push(seat);
      if (!first) {
        room.gate = null;
        for (const one of room.members.keys()) {
          one.deliver({ event: "party_paired", data: { ttl_expires_at: this.stamp(week) } });
        }
      }
    }
    const other = room.seats.find((one) => one !== seat);
    room.members.set(line, seat);
    const token = typeof data.resume === "string" ? data.resume : `token ${String(++this.tokens)}`;
    room.tokens.set(line, token);
    this.tellPresence(seat);
    const reply = {
      room_id: room.id,
      ttl_expires_at: this.stamp(week),
      awaiting_party: room.seats.length < 2,
      resume: token,
      sender_hash: seat.sender,
      ...(room.slot && { current_message: shown(room.slot) }),
    };
    return { reply, after: [["presence", { connected: !!other && this.here(other) }]] };
  }

  /** Keeps a seat's hello: whoever else sits there leaves, but where its own page came back since, and the other seat hears it. */
  private hello(room: Room, line: Line, seat: Seat, hello: string): Answer {
    let behind = false;
    for (const [one, its] of room.members) {
      if (one === line) behind = true;
      else if (its === seat && behind && room.tokens.get(one) === room.tokens.get(line)) continue;
      else if (its === seat) {
        room.members.delete(one);
        one.close(4500);
      } else if (its !== seat && seat.hello !== hello) one.deliver({ event: "hello", data: { hello } });
    }
    seat.hello = hello;
    const other = room.seats.find((one) => one !== seat);
    return { reply: other?.hello ? { hello: other.hello } : {} };
  }

  private handle(room: Room, seat: Seat, event: string, data: Data): Answer {
    const { slot } = room;
    const { message_id } = data;
    const ciphertext = String(data.ciphertext);
    const iv = String(data.iv);
    const own = slot?.id === message_id && slot?.seat === seat ? slot : null;
    switch (event) {
      case "send_message": {
        if (data.nonce === seat.nonce) return { reply: seat.answer };
        if (slot?.seat === seat) return { reply: "not_your_turn" };
        if ("replaces" in data && data.replaces !== (slot?.id ?? null)) return { reply: "stale" };
        if ("replaces_iv" in data && data.replaces_iv !== slot?.iv) return { reply: "stale" };
        if (slot) this.entry(slot).end = "replaced";
        const id = `m${this.taken.length + 1}`;
        room.slot = { id, seat, ciphertext, iv, read_at: null, inserted_at: this.stamp(0) };
        this.taken.push({ id, author: seat.sender, iv, edits: [], end: null });
        seat.nonce = String(data.nonce);
        seat.answer = { message_id: id };
        return { reply: seat.answer, news: ["new_message", shown(room.slot)] };
      }
      case "read_receipt":
        if (!slot || slot.id !== message_id || slot.seat === seat || slot.read_at) return {};
        slot.read_at = this.stamp(0);
        return { news: ["message_read", { message_id, read_at: slot.read_at }] };
      case "edit_message":
        if (!own) return { reply: "not_found" };
        if (own.read_at) return { reply: "not_editable" };
        Object.assign(own, { ciphertext, iv });
        this.entry(own).edits.push(iv);
        return { reply: {}, news: ["message_edited", { message_id, ciphertext, iv }] };
      case "delete_message":
        if (!own) return { reply: "not_found" };
        if (own.read_at) return { reply: "not_deletable" };
        this.entry(own).end = "deleted";
        room.slot = null;
        return { reply: {}, news: ["message_deleted", { message_id }] };
      case "typing":
        for (const [line, other] of room.members) {
          if (other !== seat) line.deliver({ event: "counterparty_typing", data: {} });
        }
        return {};
      default:
        throw new Error(`event ${event}`);
    }
  }

  private entry(message: Message): Taken {
    const taken = this.taken.find(({ id }) => id === message.id);
    if (!taken) throw new Error("not taken");
    return taken;
  }

  private stamp(more: number): string {
    return new Date(this.now() + more).toISOString();
  }
}

const shown = (message: Message): Data => {
  const { seat, ...rest } = message;
  return { ...rest, sender_hash: seat.sender };
};
