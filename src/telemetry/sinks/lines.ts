import type { Logger } from "../logger.ts";
import type { ExchangeRecord } from "../record.ts";
import type { SinkCounts } from "./counts.ts";
import type { Sink, SinkKind } from "./sink.ts";

/** One line per exchange on standard output. */
export const lines: SinkKind = {
  name: "lines",
  open: (_settings, { logger }) => new Lines(logger),
  staysFor: () => true,
};

/** Standard output is nothing to spend the time of a stop on: whoever reads it does so at once. */
const FLUSH_MS = 1_000;

class Lines implements Sink {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(record: ExchangeRecord): void {
    this.#logger.exchange(record);
  }

  counts(): SinkCounts {
    return this.#logger.counts();
  }

  close(deadlineMs: number): Promise<void> {
    return this.#logger.flush(Math.min(deadlineMs, FLUSH_MS));
  }
}
