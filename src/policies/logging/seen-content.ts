import type { Field } from "../../http/field.ts";
import type { ContentReader, ContentViewer, ReadResult } from "../../pipeline/content.ts";

/**
 * Content that is looked at as it passes, unchanged. A piece is looked at when the next one is asked for:
 * it is on its way then.
 */
export class SeenContent implements ContentReader {
  readonly #source: ContentReader;
  readonly #viewer: ContentViewer;
  #unseen: Uint8Array | undefined;

  constructor(source: ContentReader, viewer: ContentViewer) {
    this.#source = source;
    this.#viewer = viewer;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#source.trailers;
  }

  get explainsFailure(): boolean {
    return this.#source.explainsFailure === true;
  }

  read(): ReadResult | Promise<ReadResult> {
    this.look();
    const result = this.#source.read();
    return result instanceof Promise ? result.then(this.#note) : this.#note(result);
  }

  cancel(reason: unknown): Promise<void> {
    return this.#source.cancel(reason);
  }

  /** Looks at what has been passed on. To be called once more when the exchange is over. */
  look(): void {
    const piece = this.#unseen;
    if (piece === undefined) return;
    this.#unseen = undefined;
    this.#viewer.see(piece);
  }

  readonly #note = (result: ReadResult): ReadResult => {
    if (result.value === undefined) this.#viewer.end();
    else this.#unseen = result.value;
    return result;
  };
}
