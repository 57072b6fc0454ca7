import { afterEach, describe, expect, test } from "bun:test";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { QueryClient } from "../../../../src/telemetry/query/client.ts";
import { createQueryWorker } from "../../../../src/telemetry/query/create-worker.ts";
import { QueryError } from "../../../../src/telemetry/query/errors.ts";
import { noFilters } from "../../../../src/telemetry/query/filters.ts";
import { QueryServer } from "../../../../src/telemetry/query/serve-queries.ts";
import type { QueryMessage, QueryReply } from "../../../../src/telemetry/query/messages.ts";
import { systemClock } from "../../../../src/time/clock.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { PATIENCE_MS } from "../../../support/patience.ts";
import { records, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

const path = temporaryDirectory();
const opened: { close(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** A worker that a test answers for. */
class FakeWorker extends EventTarget {
  readonly messages: QueryMessage[] = [];
  isTerminated = false;

  postMessage(message: QueryMessage): void {
    this.messages.push(message);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  reply(data: QueryReply): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  get asked(): number {
    return this.messages.filter(({ kind }) => kind === "ask").length;
  }
}

function fakeClient() {
  const clock = new FakeClock();
  const workers: FakeWorker[] = [];
  const client = new QueryClient({
    database: "log.db",
    clock,
    createWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
  });
  opened.push(client);
  const ask = (timeout?: number) =>
    client.queries
      .exchange({ id: "1" }, timeout === undefined ? {} : { timeout })
      .then((row) => row?.id, reasonOf);
  return { clock, workers, client, ask };
}

const reasonOf = (error: unknown) => (error instanceof QueryError ? error.reason : error);

describe("queries of the gateway", () => {
  test("are answered by a worker", async () => {
    const store = Store.open(path("log.db"), UNLIMITED);
    opened.push(store);
    store.append(records(2));
    const client = new QueryClient({
      database: path("log.db"),
      clock: systemClock,
      createWorker: createQueryWorker,
    });
    opened.push(client);
    const { rows, complete } = await client.queries.page(
      { filters: noFilters, limit: 10 },
      { timeout: PATIENCE_MS },
    );
    expect(rows.map((row) => row["request_id"])).toEqual(["1", "0"]);
    expect(complete).toBe(true);
  });

  test("are asked one at a time, in their order", async () => {
    const { workers, ask } = fakeClient();
    const [first, second] = [ask(), ask()];
    expect(workers[0]?.asked).toBe(1);
    workers[0]?.reply({ kind: "answered", answer: { id: 1 } });
    expect(await first).toBe(1);
    expect(workers[0]?.asked).toBe(2);
    workers[0]?.reply({ kind: "failed", reason: "damaged", message: "" });
    expect(await second).toBe("damaged");
  });

  test("are refused when too many wait, and when they have waited too long", async () => {
    const { clock, workers, ask } = fakeClient();
    const first = ask();
    const waiting = Array.from({ length: 32 }, () => ask(500));
    expect(await ask()).toBe("busy");
    clock.advance(600);
    workers[0]?.reply({ kind: "answered", answer: null });
    expect(await first).toBeUndefined();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["busy"]));
  });

  test("have another worker when theirs is stuck or dies", async () => {
    const { clock, workers, ask } = fakeClient();
    const [stuck, next] = [ask(1000), ask(10_000)];
    clock.advance(2000);
    expect(await stuck).toBe("time_is_up");
    expect(workers[0]?.isTerminated).toBe(true);
    expect(workers[1]?.asked).toBe(1);
    workers[1]?.dispatchEvent(new ErrorEvent("error", { message: "error: out of memory" }));
    workers[1]?.dispatchEvent(new Event("close"));
    expect(await next).toBe("failed");
  });

  test("leave the file and then the worker alone when there are none", async () => {
    const { clock, workers, ask, client } = fakeClient();
    const first = ask();
    workers[0]?.reply({ kind: "answered", answer: null });
    await first;
    clock.advance(2000);
    expect(workers[0]?.messages.at(-1)).toEqual({ kind: "close" });
    clock.advance(60_000);
    expect(workers[0]?.isTerminated).toBe(true);
    const [asked, waiting] = [ask(), ask()];
    client.close();
    expect(await Promise.all([asked, waiting, ask()])).toEqual(["failed", "failed", "failed"]);
  });
});

test("the worker's side answers, or says why not", () => {
  const replies: QueryReply[] = [];
  const server = new QueryServer((reply) => replies.push(reply));
  server.receive({ kind: "open", database: path("none.db") });
  server.receive({ kind: "ask", name: "exchange", request: { id: "1" }, timeout: 1000 });
  Store.open(path("none.db"), UNLIMITED).close();
  server.receive({ kind: "ask", name: "exchange", request: { id: "1" }, timeout: 1000 });
  server.receive({ kind: "close" });
  expect(replies).toMatchObject([
    { kind: "failed", reason: "no_file" },
    { kind: "answered", answer: null },
  ]);
});
