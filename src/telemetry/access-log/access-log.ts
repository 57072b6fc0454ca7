import { WorkerThread } from "../../sqlite/worker-thread.ts";
import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../../units/log-level.ts";
import { Losses } from "../losses.ts";
import type { ExchangeRecord } from "../record.ts";
import type { Note } from "../notes/note.ts";
import type { SinkCounts } from "../sinks/counts.ts";
import type { Sink } from "../sinks/sink.ts";
import type { Batch } from "./batch.ts";
import type { WriterAnswer, WriterRequest } from "./messages.ts";
import { BatchQueue } from "./queue.ts";

export interface AccessLogOptions {
  /** Path of the SQLite file. */
  readonly database: string;
  /** Milliseconds that a row is kept; 0 keeps it forever. */
  readonly maxAge: number;
  /** Milliseconds that rollups are kept; 0 keeps them forever. */
  readonly maxRollupAge: number;
  /** Maximum size of the database in bytes; 0 sets no limit. */
  readonly maxSize: number;
  /** Maximum memory of rows that wait for the database, in bytes. */
  readonly maxQueuedBytes: number;
  /** Maximum time until a row is sent to the worker, in milliseconds; at most 1000. */
  readonly flushInterval: number;
  /** Rows per transaction, like 500. */
  readonly batchSize: number;
  readonly clock: Clock;
  readonly createWorker: () => Worker;
  readonly report: (level: LogLevel, message: string) => void;
}

/** At least this long between two reports of dropped rows. */
const REPORT_INTERVAL_MS = 10_000;
/** Operators write few, and each waits only while the database cannot be written to. */
const MOST_NOTES = 1_000;

/**
 * One row per exchange, written to SQLite by a worker.
 *
 *     write ─▶ queue ─▶ batch ─▶ worker ─▶ database
 *                ▲        └── one at a time, until answered
 *                └── rows wait here while the database is locked, full or missing
 */
export class AccessLog implements Sink {
  readonly #options: AccessLogOptions;
  readonly #queue: BatchQueue;
  readonly #dropped: Losses;
  readonly #thread: WorkerThread<WriterRequest, WriterAnswer>;
  #sent: Batch | undefined;
  readonly #notes: Note[] = [];
  #sentNotes: readonly Note[] = [];
  #written = 0;
  #flushDue = false;
  #cancelFlush: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #onClosed = (): void => {};
  #isOver = false;
  readonly #deadlines: (() => void)[] = [];

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#queue = new BatchQueue(options.batchSize, options.maxQueuedBytes);
    this.#dropped = new Losses(options.clock, REPORT_INTERVAL_MS, (rows, reason) => {
      options.report("warn", `access log: ${rows} rows dropped: ${reason}`);
    });
    const { database, maxAge, maxRollupAge, maxSize, clock, createWorker } = options;
    this.#thread = new WorkerThread<WriterRequest, WriterAnswer>({
      open: { kind: "open", database, limits: { maxAge, maxRollupAge, maxSize } },
      clock,
      createWorker,
      transferred: (request) => (request.kind === "batch" ? [request.packed.numbers.buffer] : []),
      onAnswer: (answer) => this.#answered(answer),
      onDeath: (cause, delay) => this.#died(cause, delay),
    });
  }

  write(record: ExchangeRecord): void {
    if (this.#closed !== undefined) {
      this.#dropped.count(1);
    } else if (this.#queue.add(record, this.#sent?.bytes ?? 0)) {
      if (this.#queue.hasFullBatch) this.#send();
      if (this.#queue.rows > 0) this.#scheduleFlush();
    } else {
      this.#dropped.report(1, "too many are waiting to be written");
    }
  }

  note(note: Note): void {
    const isLost = this.#closed !== undefined || this.#notes.length >= MOST_NOTES;
    if (isLost) this.#reportNotes(1);
    else this.#notes.push(note);
    this.#send();
  }

  counts(): SinkCounts {
    return { written: this.#written, queued: this.#queued, dropped: this.#dropped.total };
  }

  /** Reports how many rows are lost, if any. A second call can bring the deadline forward. */
  close(deadlineMs: number): Promise<void> {
    const closed = this.#closed ?? this.#beginClosing();
    if (!this.#isOver) {
      this.#deadlines.push(this.#options.clock.schedule(deadlineMs, () => this.#onClosed()));
    }
    return closed;
  }

  #beginClosing(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    this.#onClosed = () => {
      this.#isOver = true;
      for (const cancel of this.#deadlines.splice(0)) cancel();
      this.#abandon();
      resolve();
    };
    this.#cancelFlush?.();
    this.#send();
    return promise;
  }

  get #queued(): number {
    return this.#queue.rows + (this.#sent?.rows ?? 0);
  }

  #scheduleFlush(): void {
    this.#cancelFlush ??= this.#options.clock.schedule(this.#options.flushInterval, () => {
      this.#cancelFlush = undefined;
      this.#flushDue = true;
      this.#send();
    });
  }

  #send(): void {
    if (this.#sent !== undefined || this.#sentNotes.length > 0 || !this.#thread.ready) return;
    if (this.#notes.length > 0) {
      this.#sentNotes = this.#notes.splice(0);
      this.#thread.post({ kind: "notes", notes: this.#sentNotes });
      return;
    }
    const closing = this.#closed !== undefined;
    const batch = this.#queue.take(this.#flushDue || closing);
    if (this.#queue.rows === 0) this.#flushDue = false;
    if (batch !== undefined) {
      this.#sent = batch;
      this.#thread.post({ kind: "batch", packed: batch.pack() });
    } else if (closing) {
      this.#thread.post({ kind: "close" });
    }
  }

  #answered(answer: WriterAnswer): void {
    switch (answer.kind) {
      case "report":
        this.#options.report(answer.level, answer.message);
        return;
      case "closed":
        this.#onClosed();
        return;
      case "written":
        this.#written += this.#sent?.logged ?? 0;
        break;
      case "refused":
        this.#dropped.count(this.#sent?.rows ?? 0);
        this.#reportNotes(this.#sentNotes.length);
        break;
      case "ready":
        break;
    }
    this.#sent = undefined;
    this.#sentNotes = [];
    this.#send();
  }

  #reportNotes(lost: number): void {
    if (lost === 0) return;
    const { report } = this.#options;
    report("error", `access log: ${lost} entries of tables audit and configurations were lost`);
  }

  #died(cause: string, delay: number): void {
    const rows = this.#sent?.rows ?? 0;
    this.#sent = undefined;
    this.#notes.unshift(...this.#sentNotes);
    this.#sentNotes = [];
    this.#dropped.count(rows);
    this.#options.report(
      "error",
      `access log: its worker died (${cause}), ${rows} rows lost; another starts in ${delay} ms`,
    );
  }

  #abandon(): void {
    this.#thread.stop();
    this.#dropped.flush();
    this.#reportNotes(this.#notes.length + this.#sentNotes.length);
    const rows = this.#queued;
    if (rows === 0) return;
    this.#queue.clear();
    this.#sent = undefined;
    this.#dropped.count(rows);
    this.#options.report("error", `access log: ${rows} rows lost, not written before the deadline`);
  }
}
