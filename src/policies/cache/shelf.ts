import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import type { Room } from "./filling.ts";
import { type Selecting, selectingKey } from "./selecting.ts";
import type { Owner, Resource, Store } from "./store.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** How a request finds its answer on a shelf. */
export interface Sought {
  readonly url: string;
  /** What the route tells requests apart by besides their URL; empty for nothing. */
  readonly partition: string;
  readonly exchange: Exchange;
}

export interface ShelfCounts {
  hits: number;
  misses: number;
  /** Answers that were used although they were stale. */
  stale: number;
  revalidated: number;
  /** Requests that waited for what another one asked. */
  collapsed: number;
  stored: number;
  /** To make room. */
  evicted: number;
}

/** Bytes of content that are as many as wait anyway for a client that reads slowly. */
const LITTLE = 65_536;

/** Sets of selecting fields that one URL may have at a time. */
const MOST_SELECTING = 4;

/** The stored answers of one route, within their room. The least recently used makes room for others. */
export class Shelf implements Owner, Room {
  readonly counts: ShelfCounts = {
    hits: 0,
    misses: 0,
    stale: 0,
    revalidated: 0,
    collapsed: 0,
    stored: 0,
    evicted: 0,
  };
  readonly #store: Store;
  readonly #size: number;
  #bytes = 0;
  /** Of these, what cannot make room for others. */
  #heldBytes = 0;
  #entries = 0;
  #newest: StoredAnswer | undefined;
  #oldest: StoredAnswer | undefined;
  #isClosed = false;

  /** `size`: in bytes. */
  constructor(store: Store, size: number) {
    this.#store = store;
    this.#size = size;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** Bytes in use, by content that is arriving too. */
  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Whether there is any answer for a URL. */
  knows(url: string): boolean {
    return this.#store.find(this, url) !== undefined;
  }

  find({ url, partition, exchange }: Sought): StoredAnswer | undefined {
    const resource = this.#store.find(this, url);
    if (resource === undefined) return undefined;
    for (const names of resource.selecting) {
      const found = resource.answers.get(answerKey(names, partition, exchange));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Tells requests apart that may get different answers, as far as that is known. */
  keyOf({ url, partition, exchange }: Sought): string {
    const names = this.#store.find(this, url)?.selecting[0] ?? [];
    return `${url}\0${answerKey(names, partition, exchange)}`;
  }

  /** Stores an answer in place of the one for the same requests. False if there is no room for it. */
  put(answer: StoredAnswer, url: string, names: Selecting, key: string): boolean {
    const cost = answer.weight + 2 * (url.length + key.length);
    if (this.#isClosed || cost + this.#heldBytes > this.#size) return false;
    const resource = this.#store.findOrAdd(this, url);
    const earlier = resource.answers.get(key);
    if (earlier !== undefined) this.#take(earlier, resource);
    resource.selecting = [names, ...resource.selecting.filter((other) => !isSame(other, names))];
    resource.selecting.length = Math.min(resource.selecting.length, MOST_SELECTING);
    resource.answers.set(key, answer);
    answer.resource = resource;
    answer.url = url;
    answer.key = key;
    answer.selecting = names;
    answer.cost = cost;
    this.#bytes += cost;
    this.#entries += 1;
    this.#link(answer);
    this.#store.tag(answer);
    this.counts.stored += 1;
    this.#makeRoom();
    return true;
  }

  /** Stores an answer for the same requests as another one. False if that is not stored any more. */
  replace(earlier: StoredAnswer, answer: StoredAnswer): boolean {
    const resource = earlier.resource as Resource | undefined;
    if (resource === undefined) return false;
    return this.put(answer, resource.url, earlier.selecting, earlier.key);
  }

  remove(answer: StoredAnswer): void {
    const resource = answer.resource as Resource | undefined;
    if (resource === undefined) return;
    this.#take(answer, resource);
    if (resource.answers.size === 0) this.#store.forget(resource);
  }

  /** It has been used. */
  touch(answer: StoredAnswer): void {
    if (answer === this.#newest || answer.resource === undefined) return;
    this.#unlink(answer);
    this.#link(answer);
  }

  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#size) return false;
    this.#heldBytes += bytes;
    this.#bytes += bytes;
    this.#makeRoom();
    return true;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#bytes -= bytes;
  }

  /**
   * Its content is in use, and in memory for so long: it does not make room for others, which would have
   * more memory used than there is room for. Returns what ends that; undefined for content of little
   * size, and for what is not stored.
   */
  hold(answer: StoredAnswer): (() => void) | undefined {
    if (answer.cost === 0 || (answer.length ?? 0) <= LITTLE) return undefined;
    if (answer.holders === 0) this.#heldBytes += answer.cost;
    answer.holders += 1;
    return () => this.#letGo(answer);
  }

  #letGo(answer: StoredAnswer): void {
    answer.holders -= 1;
    if (answer.holders > 0) return;
    this.#heldBytes -= answer.cost;
    if (answer.resource === undefined) this.#free(answer);
  }

  #free(answer: StoredAnswer): void {
    this.#bytes -= answer.cost;
    answer.cost = 0;
  }

  /** All of its answers. */
  *[Symbol.iterator](): Generator<StoredAnswer> {
    for (let answer = this.#newest; answer !== undefined;) {
      const { older }: StoredAnswer = answer;
      yield answer;
      answer = older;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const answer of this) this.remove(answer);
  }

  #makeRoom(): void {
    let answer = this.#oldest;
    while (this.#bytes > this.#size && answer !== undefined) {
      const { newer, holders }: StoredAnswer = answer;
      if (holders === 0) {
        this.remove(answer);
        this.counts.evicted += 1;
      }
      answer = newer;
    }
  }

  #take(answer: StoredAnswer, resource: Resource): void {
    resource.answers.delete(answer.key);
    answer.resource = undefined;
    if (answer.holders === 0) this.#free(answer);
    this.#entries -= 1;
    this.#unlink(answer);
    this.#store.untag(answer);
  }

  #link(answer: StoredAnswer): void {
    answer.older = this.#newest;
    answer.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = answer;
    this.#newest = answer;
    this.#oldest ??= answer;
  }

  #unlink(answer: StoredAnswer): void {
    const { newer, older } = answer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    answer.newer = undefined;
    answer.older = undefined;
  }
}

/** The key of an answer among those of its URL. */
export function answerKey(
  names: Selecting,
  partition: string,
  asked: { readonly outgoing: Outgoing },
): string {
  return names.length === 0 ? partition : `${partition}\0${selectingKey(names, asked.outgoing)}`;
}

function isSame(one: Selecting, other: Selecting): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at]);
}
