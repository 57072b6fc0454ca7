import type { Channel, ChannelEvents } from "../../pipeline/channel.ts";

/** Bytes queued in all tunnels together, and which end to give up when there are too many. */
export class QueuedBytes {
  readonly #limit: number;
  /** Those with a queue, the one that has had it for longest first. */
  readonly #ends = new Set<TunnelEnd>();
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes queued now; at most what was written since an end was last empty. */
  get total(): number {
    return this.#total;
  }

  /** Counts more bytes as queued for an end. Gives ends up if needed, the longest stuck first. */
  add(end: TunnelEnd, bytes: number): void {
    this.#ends.add(end);
    this.#total += bytes;
    for (const stuck of this.#ends) {
      if (this.#total <= this.#limit) return;
      stuck.giveUp(this.#limit);
    }
  }

  /** Nothing is queued for an end any more, where there were so many bytes. */
  remove(end: TunnelEnd, bytes: number): void {
    if (this.#ends.delete(end)) this.#total -= bytes;
  }
}

/** The tunnel of two ends, which gets their events. */
export interface TunnelEvents {
  received(end: TunnelEnd, bytes: Buffer): void;
  /** The end has accepted everything that was queued for it. */
  drained(end: TunnelEnd): void;
  /** It has closed its sending side. */
  ended(end: TunnelEnd): void;
  /** Its connection is closed. */
  closed(end: TunnelEnd): void;
  /** It does not read, and more than `limit` bytes are queued in all tunnels. */
  givenUp(end: TunnelEnd, limit: number): void;
}

/** One end of a tunnel: a connection, and what is queued for it. While something is, the other waits. */
export class TunnelEnd implements ChannelEvents {
  readonly who: "client" | "backend";
  /** The other end; set by `join`. */
  other: TunnelEnd = this;
  /** Whether it has closed its sending side. */
  hasEnded = false;
  isClosed = false;
  readonly #channel: Channel;
  readonly #all: QueuedBytes;
  readonly #tunnel: TunnelEvents;
  #queued = 0;
  #isEnding = false;

  constructor(who: "client" | "backend", channel: Channel, all: QueuedBytes, tunnel: TunnelEvents) {
    this.who = who;
    this.#channel = channel;
    this.#all = all;
    this.#tunnel = tunnel;
  }

  /** Whether bytes are queued, so that the other end is not being read. */
  get isFull(): boolean {
    return this.#queued > 0;
  }

  join(other: TunnelEnd): void {
    this.other = other;
    other.other = this;
  }

  /** Begins to receive. */
  open(): void {
    this.#channel.open(this);
  }

  write(bytes: Uint8Array): void {
    if (this.#channel.write(bytes) || this.isClosed) return;
    if (this.#queued === 0) this.other.#channel.pause();
    this.#queued += bytes.length;
    this.#all.add(this, bytes.length);
  }

  /** Closes the sending side towards it, after what is queued. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#channel.end();
  }

  /** Ends its connection at once. */
  cut(): void {
    this.#forget();
    if (this.isClosed) return;
    this.isClosed = true;
    this.#channel.cut();
  }

  giveUp(limit: number): void {
    this.#forget();
    this.#tunnel.givenUp(this, limit);
  }

  received(bytes: Buffer): void {
    this.#tunnel.received(this, bytes);
  }

  drained(): void {
    this.#forget();
    this.#tunnel.drained(this);
  }

  ended(): void {
    this.hasEnded = true;
    this.#tunnel.ended(this);
  }

  closed(cause: Error | undefined): void {
    // Where the gateway has ended its side, the end of the other one is the close.
    if (cause === undefined && this.#isEnding && !this.hasEnded) this.ended();
    this.isClosed = true;
    this.#forget();
    this.#tunnel.closed(this);
  }

  /** Nothing is queued any more, so the other end is read again. */
  #forget(): void {
    if (this.#queued === 0) return;
    this.#all.remove(this, this.#queued);
    this.#queued = 0;
    if (!this.other.isClosed) this.other.#channel.resume();
  }
}
