import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { RoundRobin } from "../../../src/upstream/balancers/round-robin.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Load, UpstreamLoad } from "../../../src/upstream/limits/upstream-load.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { openExchange } from "../pipeline/opening.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** An upstream whose backends have limits, and requests that come, wait, end and leave. */
class Traffic {
  readonly backends: Backend[];
  readonly upstream: Upstream;
  readonly load = new UpstreamLoad();
  readonly clock = new FakeClock();
  readonly maxInFlight: number;
  readonly perBackend: readonly number[];
  /** Who is at which backend. */
  readonly served: { id: number; backend: Backend }[] = [];
  /** Who waits, in the order in which they came. */
  waiting: { id: number; exchange: Exchange; except: Set<Backend> | undefined }[] = [];
  #ids = 0;

  constructor(maxInFlight: number, perBackend: readonly number[]) {
    this.maxInFlight = maxInFlight;
    this.perBackend = perBackend;
    this.backends = perBackend.map(
      (most, index) =>
        new Backend({
          address: readBackendAddress(`http://b${index}.test`),
          weight: 1,
          health: new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 }),
          load: new Load(this.load),
          maxInFlight: most,
        }),
    );
    const waiting = { most: 5, timeout: 100, clock: this.clock };
    this.upstream = new Upstream(this.backends, new RoundRobin(), {
      limits: { load: this.load, maxInFlight, waiting },
    });
  }

  come(exceptIndex: number | undefined): void {
    const id = (this.#ids += 1);
    const exchange = openExchange();
    const excepted = exceptIndex === undefined ? undefined : this.backends[exceptIndex];
    const except = excepted && new Set([excepted]);
    const backend = this.upstream.isFull
      ? undefined
      : this.upstream.pickAvailable(exchange, except ?? new Set());
    if (backend !== undefined) {
      this.#serve(id, backend);
      return;
    }
    try {
      const admitted = (given: Backend) => this.#admitted(id, given);
      this.upstream.wait({ exchange, except, admitted });
      this.waiting.push({ id, exchange, except });
    } catch (error) {
      expect((error as GatewayError).status).toBe(503);
    }
  }

  end(index: number): void {
    const [ended] = this.served.splice(index % Math.max(1, this.served.length), 1);
    if (ended !== undefined) ended.backend.inFlight -= 1;
  }

  leave(index: number): void {
    const [leaving] = this.waiting.splice(index % Math.max(1, this.waiting.length), 1);
    leaving?.exchange.cancellation.cancel(new GatewayError("client_closed", "gone"));
  }

  turn(index: number, healthy: boolean): void {
    const health = this.backends[index % this.backends.length]!.health as CheckedHealth;
    if (healthy) health.succeeded(0);
    else health.failed(0, "down");
    // With no backend left, all have been dismissed.
    if (this.backends.every((one) => !one.health.healthy)) this.waiting = [];
  }

  pass(milliseconds: number): void {
    this.clock.advance(milliseconds);
    if (milliseconds >= 100) this.waiting = [];
  }

  /** Nobody waits for a place that there is, and no limit is exceeded. */
  check(): void {
    expect(this.load.inFlight).toBe(this.served.length);
    expect(this.load.inFlight).toBeLessThanOrEqual(this.maxInFlight);
    for (const [index, { inFlight }] of this.backends.entries()) {
      expect(inFlight).toBeLessThanOrEqual(this.perBackend[index]!);
    }
    if (this.upstream.isFull) return;
    for (const { except } of this.waiting) {
      const usable = this.backends.filter(
        (one) => one.health.healthy && !one.isFull && except?.has(one) !== true,
      );
      expect(usable).toEqual([]);
    }
  }

  #admitted(id: number, backend: Backend): void {
    const at = this.waiting.findIndex((one) => one.id === id);
    expect(at).not.toBe(-1);
    // Whoever was passed over could not have used it.
    for (const { except } of this.waiting.slice(0, at)) expect(except?.has(backend)).toBe(true);
    this.waiting.splice(at, 1);
    this.#serve(id, backend);
  }

  #serve(id: number, backend: Backend): void {
    backend.inFlight += 1;
    this.served.push({ id, backend });
  }
}

test("whatever comes, ends and leaves, no limit is exceeded, no place stays free that somebody waits for, and turns are kept", () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant("come" as const), at: fc.constant(undefined) }),
    fc.record({ kind: fc.constant("come" as const), at: fc.nat({ max: 2 }) }),
    fc.record({ kind: fc.constantFrom("end" as const, "leave" as const), at: fc.nat({ max: 9 }) }),
    fc.record({ kind: fc.constantFrom("up" as const, "down" as const), at: fc.nat({ max: 2 }) }),
    fc.record({ kind: fc.constant("pass" as const), at: fc.constantFrom(1, 100) }),
  );
  const limits = fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  );
  fc.assert(
    fc.property(limits, fc.array(event, { maxLength: 60 }), ([most, perBackend], events) => {
      const traffic = new Traffic(most, perBackend);
      for (const { kind, at } of events) {
        if (kind === "come") traffic.come(at);
        else if (kind === "end") traffic.end(at);
        else if (kind === "leave") traffic.leave(at);
        else if (kind === "pass") traffic.pass(at);
        else traffic.turn(at, kind === "up");
        traffic.check();
      }
      traffic.pass(100);
      while (traffic.served.length > 0) traffic.end(0);
      expect(traffic.load.inFlight).toBe(0);
      expect(traffic.clock.pending).toBe(0);
    }),
    { numRuns: 500 },
  );
});
