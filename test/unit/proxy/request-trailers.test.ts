import { expect, test } from "bun:test";
import { FieldRules } from "../../../src/http/field-rules.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";
import { IncomingContent } from "../../../src/pipeline/incoming-content.ts";
import { Exchange } from "../../../src/pipeline/exchange.ts";
import { TraceContext, TraceIds } from "../../../src/pipeline/trace.ts";
import { requestContent } from "../../../src/proxy/request.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { fieldsOf, linesOf } from "../../support/fields.ts";
import { openExchange } from "../pipeline/opening.ts";
import { settingsWith } from "./settings.ts";

/** The trailers for the backend of a chunked request with these fields and trailers. */
async function passedOn(
  fields: Record<string, string>,
  trailers: readonly string[],
  { rules = new FieldRules(), trace }: { rules?: FieldRules; trace?: TraceContext } = {},
): Promise<string> {
  const content = new IncomingContent(undefined, {
    pause: () => {},
    resume: () => {},
    abandon: () => {},
  });
  content.push(Buffer.from("abc"));
  content.finish(fieldsOf(...trailers));
  const opened = openExchange({ method: "POST", fields, request: { content } });
  const { request, target, client, requestId, startedAt, started } = opened;
  const exchange = new Exchange({
    request,
    target,
    client,
    requestId,
    startedAt,
    started,
    fields: new RequestFields(request.fields, rules),
    onEnd: () => {},
  });
  exchange.trace = trace;
  const clock = new FakeClock();
  const settings = settingsWith();
  const timeouts = new RouteTimeoutSets(clock).of(settings.timeouts);
  const { body } = await requestContent(exchange, settings, timeouts, clock);
  if (body === null || body instanceof Uint8Array) throw new Error("this was to be streamed");
  expect((await body.read()).value).toEqual(Buffer.from("abc"));
  expect((await body.read()).done).toBe(true);
  return linesOf(body.trailers ?? []);
}

test("trailers of a request go to the backend as they came", async () => {
  expect(await passedOn({}, ["X-Sum", "1", "x-SUM", "2"])).toBe("X-Sum: 1\r\nx-SUM: 2\r\n");
});

test("trailers that only a trusted proxy may send go nowhere", async () => {
  const trailers = ["X-User", "admin", "X-Real-IP", "6.6.6.6", "X-Sum", "1"];
  expect(await passedOn({}, trailers, { rules: new FieldRules(["X-User"]) })).toBe("X-Sum: 1\r\n");
});

test("trailers that are for the client's connection go nowhere", async () => {
  expect(await passedOn({ connection: "x-hop" }, ["X-Hop", "1", "X-Sum", "1"])).toBe(
    "X-Sum: 1\r\n",
  );
});

test("trailers that name a trace go to the backend only if the gateway traces nothing", async () => {
  const trailers = [
    "Traceparent",
    `00-${"6".repeat(32)}-${"6".repeat(16)}-01`,
    "tracestate",
    "a=1",
  ];
  expect(await passedOn({}, trailers)).toBe(linesOf(fieldsOf(...trailers)));
  const ids = new TraceIds((bytes) => bytes.fill(1));
  const opening = { parentId: "", isSampled: true, isRandom: false, state: "" };
  const trace = new TraceContext({ traceId: ids.traceId(), spanId: ids.spanId(), ...opening }, ids);
  expect(await passedOn({}, [...trailers, "X-Sum", "1"], { trace })).toBe("X-Sum: 1\r\n");
});
