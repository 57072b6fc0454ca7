import type { Clock } from "../../time/clock.ts";
import { errorLine } from "../../units/error-line.ts";
import { QueryError } from "./errors.ts";
import type { QueryMessage, QueryReply } from "./messages.ts";
import { DEFAULT_TIMEOUT, type Queries, queriesBy, type QueryName } from "./queries.ts";
import { timeIsUp } from "./query.ts";

export interface QueryClientOptions {
  /** Path of the SQLite file. */
  readonly database: string;
  readonly clock: Clock;
  readonly createWorker: () => Worker;
}

interface Waiting {
  readonly name: QueryName;
  readonly request: unknown;
  readonly timeout: number;
  /** Monotonic time in milliseconds at which nobody waits for it any longer. */
  readonly deadline: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: QueryError) => void;
}

/** So many queries may wait; each takes some milliseconds. */
const MOST_WAITING = 32;
/** A query that is so much over its time, in milliseconds, is stuck in a statement. */
const GRACE = 1_000;
/** The file is closed, and then the worker ended, when nobody has asked for so long. In milliseconds. */
const CLOSE_AFTER = 2_000;
const END_AFTER = 60_000;

/**
 * Queries for the gateway, answered by a worker with a read-only connection of its own, one at a time.
 * The worker starts with the first query, ends when it has nothing to do, and is replaced when it is stuck
 * or dies.
 */
export class QueryClient {
  readonly queries: Queries;
  readonly #options: QueryClientOptions;
  readonly #waiting: Waiting[] = [];
  #asked: Waiting | undefined;
  #worker: Worker | undefined;
  #isClosed = false;
  #cancelStuck = (): void => {};
  #cancelIdle = (): void => {};

  constructor(options: QueryClientOptions) {
    this.#options = options;
    this.queries = queriesBy((name, request, { timeout = DEFAULT_TIMEOUT }) =>
      this.#enqueue(name, request, timeout),
    );
  }

  /** Ends the worker; queries that wait are rejected. */
  close(): void {
    this.#isClosed = true;
    this.#endWorker();
    const error = new QueryError("failed", "the gateway is stopping");
    this.#asked?.reject(error);
    this.#asked = undefined;
    for (const one of this.#waiting.splice(0)) one.reject(error);
  }

  async #enqueue(name: QueryName, request: unknown, timeout: number): Promise<unknown> {
    if (this.#isClosed) throw new QueryError("failed", "the gateway is stopping");
    if (this.#waiting.length >= MOST_WAITING) {
      throw new QueryError("busy", `${MOST_WAITING} queries of the log wait already; ask later`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const deadline = this.#options.clock.monotonic() + timeout;
    this.#waiting.push({ name, request, timeout, deadline, resolve, reject });
    this.#next();
    return promise;
  }

  #next(): void {
    if (this.#asked !== undefined) return;
    const { clock } = this.#options;
    this.#cancelIdle();
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      const timeout = one.deadline - clock.monotonic();
      if (timeout <= 0) {
        one.reject(
          new QueryError("busy", `the query waited longer than ${one.timeout} ms for others`),
        );
        continue;
      }
      this.#asked = one;
      this.#worker ??= this.#startWorker();
      post(this.#worker, { kind: "ask", name: one.name, request: one.request, timeout });
      this.#cancelStuck = clock.schedule(timeout + GRACE, () => this.#stuck());
      return;
    }
    this.#idle();
  }

  #idle(): void {
    const { clock } = this.#options;
    this.#cancelIdle = clock.schedule(CLOSE_AFTER, () => {
      if (this.#worker !== undefined) post(this.#worker, { kind: "close" });
      this.#cancelIdle = clock.schedule(END_AFTER, () => this.#endWorker());
    });
  }

  #startWorker(): Worker {
    const worker = this.#options.createWorker();
    let cause = "it exited";
    worker.addEventListener("message", ({ data }: MessageEvent<QueryReply>) => {
      if (worker === this.#worker) this.#replied(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      cause = errorLine(event.message);
    });
    worker.addEventListener("close", () => {
      if (worker === this.#worker) this.#died(cause);
    });
    post(worker, { kind: "open", database: this.#options.database });
    return worker;
  }

  #replied(reply: QueryReply): void {
    const asked = this.#asked;
    this.#settled();
    if (reply.kind === "answered") asked?.resolve(reply.answer);
    else asked?.reject(new QueryError(reply.reason, reply.message));
    this.#next();
  }

  #stuck(): void {
    const asked = this.#asked;
    this.#endWorker();
    this.#settled();
    asked?.reject(timeIsUp(asked.timeout));
    this.#next();
  }

  #died(cause: string): void {
    const asked = this.#asked;
    this.#endWorker();
    this.#settled();
    asked?.reject(new QueryError("failed", `the worker that searches the log died (${cause})`));
    this.#next();
  }

  #settled(): void {
    this.#cancelStuck();
    this.#asked = undefined;
  }

  #endWorker(): void {
    this.#cancelIdle();
    this.#cancelStuck();
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate();
  }
}

function post(worker: Worker, message: QueryMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a worker's
  worker.postMessage(message);
}
