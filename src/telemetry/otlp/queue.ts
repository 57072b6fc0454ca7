/** What waits to be sent, in memory up to a bound; in order. */
export class OtlpQueue {
  readonly #mostBytes: number;
  #texts: Batch["texts"][number][] = [];
  #sizes: number[] = [];
  #items = 0;
  #bytes = 0;

  /** `mostBytes`: of the texts, in characters, which are nearly all of one byte. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Items that wait. */
  get items(): number {
    return this.#items;
  }

  /** Adds a text with some items. False, and nothing is added, if there is no room. */
  add(text: string, items: number): boolean {
    if (this.#bytes + text.length > this.#mostBytes) return false;
    this.#texts.push(text);
    this.#sizes.push(items);
    this.#items += items;
    this.#bytes += text.length;
    return true;
  }

  /** The oldest texts, with at most so many items but at least one text. They stay until `remove`. */
  first(most: number): Batch {
    let texts = 0;
    let items = 0;
    for (const size of this.#sizes) {
      if (texts > 0 && items + size > most) break;
      texts += 1;
      items += size;
    }
    return { texts: this.#texts.slice(0, texts), items };
  }

  /** Removes what `first` returned. */
  remove({ texts, items }: Batch): void {
    this.#texts = this.#texts.slice(texts.length);
    this.#sizes = this.#sizes.slice(texts.length);
    this.#items -= items;
    for (const text of texts) this.#bytes -= text.length;
  }
}

/** Texts that are sent together, and how many items are in them. */
export interface Batch {
  readonly texts: readonly string[];
  readonly items: number;
}
