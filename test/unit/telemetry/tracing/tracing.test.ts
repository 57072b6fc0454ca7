import { expect, test } from "bun:test";
import { TraceContext } from "../../../../src/pipeline/trace.ts";
import { Tracing } from "../../../../src/telemetry/tracing/tracing.ts";
import type { TracingSettings } from "../../../../src/telemetry/tracing/schema.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { receiver, SETTINGS } from "../otlp/receiver.ts";

const TRACING: TracingSettings = { ...SETTINGS, sample: 1, trust: "never" };

function tracingWith(settings: TracingSettings | undefined) {
  const { requests, fetch } = receiver();
  const clock = new FakeClock();
  const tracing = new Tracing(settings, {
    clock,
    random: () => 0.5,
    fetch,
    report: () => {},
    version: "1.2.3",
    instance: "1",
  });
  const take = (isSampled: boolean) => {
    const exchange = openExchange();
    exchange.trace = new TraceContext(
      {
        traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
        spanId: "00f067aa0ba902b7",
        parentId: "",
        isSampled,
        isRandom: false,
        state: "",
      },
      undefined,
    );
    tracing.take(exchange);
  };
  return { tracing, take, requests };
}

test("spans of recorded traces are sent, and of no others", async () => {
  const { tracing, take, requests } = tracingWith(TRACING);
  take(true);
  take(false);
  tracing.take(openExchange());
  await tracing.close(1_000);
  expect(requests.length).toBe(1);
  expect(tracing.counts()).toEqual({ written: 1, queued: 0, dropped: 0 });
});

test("spans that wait go to the receiver of the new settings", async () => {
  const { tracing, take, requests } = tracingWith(TRACING);
  take(true);
  tracing.change({ ...TRACING, otlp: "http://other.test" });
  await tracing.close(1_000);
  expect(requests.map(({ url }) => url)).toEqual(["http://other.test/v1/traces"]);
});

test("tracing that is turned off sends what waits, and can be turned on again", async () => {
  const { tracing, take, requests } = tracingWith(TRACING);
  take(true);
  tracing.change(undefined);
  tracing.change(undefined);
  take(true);
  await Bun.sleep(1);
  expect(requests.length).toBe(1);
  expect(tracing.counts().written).toBe(1);
  tracing.change(TRACING);
  take(true);
  await tracing.close(1_000);
  expect(tracing.counts()).toEqual({ written: 2, queued: 0, dropped: 0 });
});

test("nothing is sent without settings", async () => {
  const { tracing, take, requests } = tracingWith(undefined);
  take(true);
  await tracing.close(1_000);
  expect(requests).toEqual([]);
});
