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

/** A reader that is alive needs no more; a stop should not wait longer for one that is not. */
const FLUSH_MS = 1_000;

class Lines implements Sink {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(record: ExchangeRecord): void {
    if (record.isLogged) this.#logger.exchange(record);
  }

  counts(): SinkCounts {
    return this.#logger.counts();
  }

  close(deadlineMs: number): Promise<void> {
    return this.#logger.flush(Math.min(deadlineMs, FLUSH_MS));
  }
}
