import type { Selecting } from "./selecting.ts";
import type { StoredAnswer } from "./stored-answer.ts";

/** A part of the store that is one route's. */
export interface Owner {
  remove(answer: StoredAnswer): void;
}

/** The answers of one URL that one route has stored. */
export interface Resource {
  readonly owner: Owner;
  readonly url: string;
  /** The fields by which answers have been selected, the latest first. */
  selecting: Selecting[];
  readonly answers: Map<string, StoredAnswer>;
  /** The same URL's of another route. */
  next: Resource | undefined;
}

/** Where an answer is stored; undefined if it is not any more. */
export function ownerOf({ resource }: StoredAnswer): Owner | undefined {
  return (resource as Resource | undefined)?.owner;
}

/** A request whose answer may be stored, while it is under way. */
export interface Underway {
  /** What it asks for has changed meanwhile: its answer is not to be stored. */
  spoil(): void;
}

/** The stored answers of all routes, by their URLs: a request to one route can change what others store. */
export class Store {
  readonly #resources = new Map<string, Resource>();
  readonly #tagged = new Map<string, Set<StoredAnswer>>();
  readonly #underway = new Map<string, Set<Underway>>();

  find(owner: Owner, url: string): Resource | undefined {
    let resource = this.#resources.get(url);
    while (resource !== undefined && resource.owner !== owner) resource = resource.next;
    return resource;
  }

  findOrAdd(owner: Owner, url: string): Resource {
    const known = this.find(owner, url);
    if (known !== undefined) return known;
    const next = this.#resources.get(url);
    const resource = { owner, url, selecting: [], answers: new Map(), next };
    this.#resources.set(url, resource);
    return resource;
  }

  /** To be called when a resource has no answers any more. */
  forget({ owner, url, next }: Resource): void {
    const first = this.#resources.get(url);
    if (first?.owner === owner) {
      if (next === undefined) this.#resources.delete(url);
      else this.#resources.set(url, next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next?.owner === owner) before.next = next;
    }
  }

  tag(answer: StoredAnswer): void {
    for (const tag of answer.tags) {
      const tagged = this.#tagged.get(tag);
      if (tagged === undefined) this.#tagged.set(tag, new Set([answer]));
      else tagged.add(answer);
    }
  }

  untag(answer: StoredAnswer): void {
    for (const tag of answer.tags) {
      const tagged = this.#tagged.get(tag);
      tagged?.delete(answer);
      if (tagged?.size === 0) this.#tagged.delete(tag);
    }
  }

  taggedWith(tag: string): readonly StoredAnswer[] {
    return [...(this.#tagged.get(tag) ?? [])];
  }

  /** A request for a URL begins whose answer may be stored; `arrived` is to be called at its end. */
  began(url: string, underway: Underway): void {
    const others = this.#underway.get(url);
    if (others === undefined) this.#underway.set(url, new Set([underway]));
    else others.add(underway);
  }

  arrived(url: string, underway: Underway): void {
    const others = this.#underway.get(url);
    others?.delete(underway);
    if (others?.size === 0) this.#underway.delete(url);
  }

  /** What is under way for the URLs that are meant will not be stored. */
  spoil(isMeant: (url: string) => boolean): void {
    for (const [url, underway] of this.#underway) {
      if (isMeant(url)) for (const one of underway) one.spoil();
    }
  }

  /** The answers for a URL are not valid any more (RFC 9111 section 4.4). */
  invalidate(url: string): void {
    for (const one of this.#underway.get(url) ?? []) one.spoil();
    let resource = this.#resources.get(url);
    while (resource !== undefined) {
      const { next, owner, answers } = resource;
      for (const answer of answers.values()) owner.remove(answer);
      resource = next;
    }
  }
}
