/** Slots that are looked at for a text before those are in a Map, as texts may be made to collide. */
const MOST_PROBES = 8;
/** Characters that a hash is made from, spread over the text. */
const MOST_CHARACTERS = 24;

/**
 * Numbers different texts in the order in which they come. Several times as fast as a Map for texts that
 * are new objects each time.
 */
export class TextPlaces {
  /** For each slot the place of its text plus one, and 0 where there is none. */
  readonly #slots: Uint16Array;
  readonly #others = new Map<string, number>();
  #texts: string[] = [];

  /** For at most `capacity` texts, fewer than 65536. */
  constructor(capacity: number) {
    this.#slots = new Uint16Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2)));
  }

  /** The texts by their places. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  clear(): void {
    if (this.#texts.length > 0) this.#slots.fill(0);
    this.#others.clear();
    this.#texts = [];
  }

  /** The place of a text; that of a new one is the number of those before. */
  placeOf(text: string): number {
    const slots = this.#slots;
    const texts = this.#texts;
    const mask = slots.length - 1;
    let slot = sampleHash(text) & mask;
    for (let probe = 0; probe < MOST_PROBES; probe += 1) {
      const known = slots[slot] as number;
      if (known === 0) {
        slots[slot] = texts.push(text);
        return texts.length - 1;
      }
      if (texts[known - 1] === text) return known - 1;
      slot = (slot + 1) & mask;
    }
    let place = this.#others.get(text);
    if (place === undefined) {
      place = texts.push(text) - 1;
      this.#others.set(text, place);
    }
    return place;
  }
}

function sampleHash(text: string): number {
  const { length } = text;
  const step = length <= MOST_CHARACTERS ? 1 : Math.ceil(length / MOST_CHARACTERS);
  let hash = length;
  // From the end on, where texts differ most.
  for (let at = length - 1; at >= 0; at -= step) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
