import type { Field } from "../../http/field.ts";
import { type ContentReader, type ReadResult, END } from "../../pipeline/content.ts";
import type { Clock } from "../../time/clock.ts";
import { type Filled, FillingReader } from "./filling-reader.ts";

/** What content takes of the room for stored answers while it arrives. */
export interface Room {
  /** False if there is no room for so many bytes more. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

export interface FillingOptions {
  /** Bytes that are stored at most. */
  readonly limit: number;
  /** For content of unknown length; the room for other content has been taken before. */
  readonly room: Room;
  readonly clock: Clock;
  /** Called once: with the whole content, or with undefined if it broke off or is too much. */
  readonly onEnd: (content: Uint8Array | undefined) => void;
}

type State = "arriving" | "whole" | "broken" | "passing";

/** Milliseconds for which content goes on arriving that is to be stored, and that nobody reads. */
const ARRIVES_UNREAD = 30_000;

/**
 * Content that is stored while it arrives, as fast as its sender sends it, whatever the speed of those
 * who read it meanwhile:
 *
 *   backend ─▶ pieces ─▶ the exchange that asked the backend
 *                 │ └──▶ others that ask for the same
 *                 └────▶ the store, once it is whole
 *
 * If it turns out to be too much, it only passes on to the exchange that asked for it, at its speed.
 */
export class Filling implements Filled {
  /** In bytes; undefined if unknown. */
  readonly length: number | undefined;
  readonly #source: ContentReader;
  readonly #options: FillingOptions;
  readonly #all: Uint8Array | undefined;
  readonly #readers = new Set<FillingReader>();
  #pieces: Uint8Array[] = [];
  #size = 0;
  #taken = 0;
  #state: State = "arriving";
  #failure: unknown;
  #owner: FillingReader | undefined;
  #onArrived: (() => void)[] = [];
  #stopUnread: () => void = () => {};

  constructor(source: ContentReader, options: FillingOptions) {
    this.#source = source;
    this.#options = options;
    this.length = source.length;
    this.#all = this.length === undefined ? undefined : new Uint8Array(this.length);
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  /** Whether it is read ahead of those who read it. */
  get isArriving(): boolean {
    return this.#state === "arriving";
  }

  /** Calls back once it does not arrive by itself any more. */
  whenArrived(callback: () => void): void {
    if (this.isArriving) this.#onArrived.push(callback);
    else callback();
  }

  /** Begins to take the content in, and returns the reader of the exchange that asked for it. */
  begin(): ContentReader {
    this.#owner = new FillingReader(this);
    this.#readers.add(this.#owner);
    void this.#takeIn();
    return this.#owner;
  }

  /** A reader of all of it, from its beginning on; only of content whose length is known. */
  reader(): ContentReader {
    const reader = new FillingReader(this);
    this.#readers.add(reader);
    this.#stopUnread();
    return reader;
  }

  /** The next piece for a reader that has had `count` of them. */
  next(reader: FillingReader, count: number): ReadResult | Promise<ReadResult> {
    const value = this.#pieces[count];
    if (value !== undefined) {
      // Only its owner reads what passes on, and nobody wants it twice.
      if (this.#state === "passing") {
        this.#pieces[count] = NOTHING;
        this.#release(value.length);
      }
      return { done: false, value };
    }
    switch (this.#state) {
      case "whole":
        return END;
      case "broken":
        return Promise.reject(this.#failure);
      case "passing":
        return this.#source.read();
      case "arriving":
        break;
    }
    return reader.wait();
  }

  /** A reader does not want the rest. */
  left(reader: FillingReader, reason: unknown): void {
    this.#readers.delete(reader);
    if (reader === this.#owner) this.#owner = undefined;
    if (this.#state === "passing") {
      this.#break(reason);
      void this.#source.cancel(reason);
    } else if (this.#readers.size === 0 && this.isArriving) this.#endUnread();
  }

  async #takeIn(): Promise<void> {
    try {
      for (;;) {
        const pending = this.#source.read();
        const { value } = pending instanceof Promise ? await pending : pending;
        if (this.#state !== "arriving") return;
        if (value === undefined) break;
        if (value.length > 0 && !this.#keep(value)) return;
        this.#wake();
      }
      this.#complete();
    } catch (error) {
      if (this.isArriving) this.#break(error);
    }
  }

  /** False if it is too much. */
  #keep(value: Uint8Array): boolean {
    const { limit, room } = this.#options;
    const size = this.#size + value.length;
    const all = this.#all;
    if (all !== undefined && size <= all.length) {
      all.set(value, this.#size);
      this.#pieces.push(all.subarray(this.#size, size));
    } else if (all === undefined && size <= limit && room.take(value.length)) {
      this.#taken += value.length;
      this.#pieces.push(value);
    } else {
      this.#pieces.push(value);
      this.#pass();
      return false;
    }
    this.#size = size;
    return true;
  }

  #complete(): void {
    if (this.#all !== undefined && this.#size !== this.#all.length) {
      this.#break(new Error(`${this.#size} of ${this.#all.length} bytes have arrived`));
      return;
    }
    this.#state = "whole";
    // Fields after the content are not stored, and an answer without them would be another.
    const isKept = (this.trailers?.length ?? 0) === 0;
    this.#release(this.#taken);
    this.#end(isKept ? (this.#all ?? this.#inOnePiece()) : undefined);
  }

  /** A copy of its own: pieces may be parts of larger buffers. Its reader goes on with that. */
  #inOnePiece(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    this.#pieces = this.#pieces.map((piece) => {
      all.set(piece, at);
      at += piece.length;
      return all.subarray(at - piece.length, at);
    });
    return all;
  }

  /** From here on it is neither stored nor read ahead. */
  #pass(): void {
    if (this.#owner === undefined) {
      this.#break(NOT_WANTED);
      void this.#source.cancel(NOT_WANTED);
      return;
    }
    this.#state = "passing";
    this.#end(undefined);
  }

  #break(failure: unknown): void {
    const isReported = this.#state === "passing";
    this.#state = "broken";
    this.#failure = failure;
    this.#release(this.#taken);
    if (isReported) this.#wake();
    else this.#end(undefined);
  }

  #end(content: Uint8Array | undefined): void {
    this.#stopUnread();
    this.#options.onEnd(content);
    this.#wake();
    const callbacks = this.#onArrived;
    this.#onArrived = [];
    for (const callback of callbacks) callback();
  }

  #release(bytes: number): void {
    const released = Math.min(bytes, this.#taken);
    this.#taken -= released;
    this.#options.room.giveBack(released);
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }

  #endUnread(): void {
    this.#stopUnread();
    this.#stopUnread = this.#options.clock.schedule(ARRIVES_UNREAD, () => {
      if (!this.isArriving || this.#readers.size > 0) return;
      this.#break(NOT_WANTED);
      void this.#source.cancel(NOT_WANTED);
    });
  }
}

const NOTHING = new Uint8Array(0);
const NOT_WANTED = new Error("nobody reads the answer any more");
