import { Database } from "bun:sqlite";
import { afterEach } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogLevel } from "../../../../src/units/log-level.ts";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { exchangeRecord } from "../../../support/exchange-record.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";

export const UNLIMITED = { maxAge: 0, maxRollupAge: 0, maxSize: 0 };

/** Makes paths in a new temporary directory for each test, and removes them after it. */
export function temporaryDirectory(): (name: string) => string {
  let directory: string | undefined;
  afterEach(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    directory = undefined;
  });
  return (name) => {
    directory ??= mkdtempSync(join(tmpdir(), "access-log-"));
    return join(directory, name);
  };
}

export function record(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return exchangeRecord({
    timestamp: Date.UTC(2026, 10, 23, 15, 1, 26, 123),
    path: "/api/users/1",
    query: "?a=1",
    host: "localhost:8080",
    latencyMs: 1.23456,
    ttfbMs: 0.98765,
    userAgent: "curl/8.0",
    backend: "http://localhost:9001",
    route: "/api/users/*",
    requestId: "id-1",
    bytesIn: 3,
    bytesOut: 90,
    ...changes,
  });
}

/** `count` records with the request ids 0, 1, … */
export const records = (count: number, changes: Partial<ExchangeRecord> = {}): ExchangeRecord[] =>
  Array.from({ length: count }, (_, at) => record({ requestId: String(at), ...changes }));

/** Appends to the log at a path, as a gateway does that starts and ends. Answers the path. */
export function writeLog(path: string, rows: readonly ExchangeRecord[]): string {
  const store = Store.open(path, UNLIMITED);
  store.append(rows);
  store.close();
  return path;
}

export type Row = Record<string, string | number | null>;

/** What another program that opens the file sees. */
export function rowsIn(path: string): Row[] {
  using db = new Database(path, { readonly: true });
  return db.query<Row, []>("SELECT * FROM logs ORDER BY id").all();
}

/** Collects what is reported to the operator. */
export class Reports {
  readonly all: { level: LogLevel; message: string }[] = [];
  readonly #waiting: { text: string; resolve: () => void }[] = [];

  readonly add = (level: LogLevel, message: string): void => {
    this.all.push({ level, message });
    for (const { text, resolve } of this.#waiting) if (message.includes(text)) resolve();
  };

  containing(text: string): { level: LogLevel; message: string }[] {
    return this.all.filter(({ message }) => message.includes(text));
  }

  /** Ends when a report that contains the text has come. */
  async next(text: string): Promise<void> {
    if (this.containing(text).length > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ text, resolve });
    await promise;
  }
}

/** For what announces itself by no event. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
