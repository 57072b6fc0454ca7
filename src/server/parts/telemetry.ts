import type { Config } from "../../config/schema.ts";
import { AccessLog } from "../../telemetry/access-log/access-log.ts";
import { createAccessLogWorker } from "../../telemetry/access-log/create-worker.ts";
import type { AccessLogEntry } from "../../telemetry/access-log/entry.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";
import { EndOfTurn } from "../../time/end-of-turn.ts";

type Settings = Config["logging"];

/** Rows that may wait for the database, some 50 MB of them, before further ones are dropped. */
const MAX_QUEUED_ROWS = 100_000;
/** A `kill -9` loses at most this many milliseconds of rows. */
const FLUSH_LOG_MS = 200;
/** Larger batches are cheaper per row but delay requests: 1000 rows take about 5 ms. */
export const LOG_BATCH_ROWS = 500;
/** How long a database that is no longer used may take to be written out. */
const CLOSE_LOG_MS = 5_000;

/** What becomes of each exchange's end: a row, and a line. */
export class Telemetry {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #entries: EndOfTurn<AccessLogEntry>;
  #settings: Settings;
  #accessLog: AccessLog | undefined;
  /** Access logs that have been replaced and are still being written out. */
  readonly #leaving = new Set<Promise<void>>();

  /** Opens nothing yet; entries may come from `open` on. */
  constructor(settings: Settings, logger: Logger, clock: Clock) {
    this.#settings = settings;
    this.#logger = logger;
    this.#clock = clock;
    this.#entries = new EndOfTurn<AccessLogEntry>((entry) => {
      this.#accessLog?.write(entry);
      logger.exchange(entry);
    }, setImmediate);
  }

  open(): void {
    this.#accessLog = this.#openAccessLog(this.#settings);
  }

  add(entry: AccessLogEntry): void {
    this.#entries.add(entry);
  }

  /** Puts other settings in force. What has been added before goes by the old ones. */
  change(settings: Settings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#entries.flush();
    this.#logger.configure(settings);
    if (
      settings.database === before.database &&
      Bun.deepEquals(settings.retention, before.retention)
    ) {
      return;
    }
    const old = this.#accessLog;
    this.#accessLog = this.#openAccessLog(settings);
    if (old === undefined) return;
    const closing = old.close(CLOSE_LOG_MS).finally(() => this.#leaving.delete(closing));
    this.#leaving.add(closing);
  }

  counts(): { written: number; queued: number; dropped: number } {
    return this.#accessLog?.counts() ?? { written: 0, queued: 0, dropped: 0 };
  }

  /** Writes out what has been added; takes at most `deadline` milliseconds. */
  async close(deadline: number): Promise<void> {
    this.#entries.flush();
    await Promise.all([this.#accessLog?.close(deadline), ...this.#leaving]);
  }

  #openAccessLog({ database, retention }: Settings): AccessLog {
    return new AccessLog({
      database,
      maxAge: retention.max_age,
      maxSize: retention.max_size,
      maxQueued: MAX_QUEUED_ROWS,
      flushInterval: FLUSH_LOG_MS,
      batchSize: LOG_BATCH_ROWS,
      clock: this.#clock,
      report: (level, message) => this.#logger.log(level, message),
      createWorker: createAccessLogWorker,
    });
  }
}
