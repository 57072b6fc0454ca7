import { QueryClient } from "../../telemetry/query/client.ts";
import { createQueryWorker } from "../../telemetry/query/create-worker.ts";
import type { Queries } from "../../telemetry/query/queries.ts";
import type { Clock } from "../../time/clock.ts";

/** Queries of the log that is written at the time. */
export class LogQueries {
  readonly #clock: Clock;
  #database: string;
  #client: QueryClient;

  constructor(database: string, clock: Clock) {
    this.#clock = clock;
    this.#database = database;
    this.#client = this.#open();
  }

  /** To be read anew for each query. */
  get current(): Queries {
    return this.#client.queries;
  }

  /** Asks another file from now on. */
  change(database: string): void {
    if (database === this.#database) return;
    this.#client.close();
    this.#database = database;
    this.#client = this.#open();
  }

  close(): void {
    this.#client.close();
  }

  #open(): QueryClient {
    const [database, clock] = [this.#database, this.#clock];
    return new QueryClient({ database, clock, createWorker: createQueryWorker });
  }
}
