import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { healthCheck, routeHealthCheck } from "../../../src/upstream/health/schema.ts";

const { schema: healthCheckSchema } = healthCheck;
const { schema: routeHealthCheckSchema } = routeHealthCheck;
const checkHealthCheck = (written: { interval?: number; timeout?: number }) =>
  healthCheck.check?.(written, () => true);

const defaults = {
  enabled: true,
  interval: 10_000,
  timeout: 3_000,
  unhealthy_after: 3,
  healthy_after: 1,
};

const readTop = (written: unknown) =>
  Value.Decode(healthCheckSchema, Value.Default(healthCheckSchema, written));
const readRoute = (written: unknown) =>
  Value.Decode(routeHealthCheckSchema, Value.Default(routeHealthCheckSchema, written));

describe("the top-level health_check", () => {
  test("checks every 10s, and no path of anybody's choice, when nothing is written", () => {
    expect(readTop(undefined)).toEqual(defaults);
  });

  test("keeps its other defaults when some keys are written", () => {
    expect(readTop({ interval: "250ms", unhealthy_after: 1 })).toEqual({
      ...defaults,
      interval: 250,
      unhealthy_after: 1,
    });
  });

  test.each([
    { path: "health" },
    { path: "/health#x" },
    { path: "/he alth" },
    { interval: 10 },
    { timeout: "soon" },
    { unhealthy_after: 0 },
    { healthy_after: 1.5 },
    { enabled: "yes" },
    { intervall: "10s" },
  ])("cannot be %j", (written) => {
    expect(() => readTop(written)).toThrow();
  });
});

describe("a route's health_check", () => {
  test("replaces the top-level one key by key", () => {
    const route = readRoute({ path: "/ready?deep=1", interval: "1s" });
    expect({ ...readTop({ timeout: "1s", interval: "5s" }), ...route }).toEqual({
      ...defaults,
      path: "/ready?deep=1",
      interval: 1_000,
      timeout: 1_000,
    });
  });

  test("says nothing when it is empty", () => {
    expect(readRoute({})).toEqual({});
  });

  test("knows no keys beyond the top-level one's", () => {
    expect(Object.keys(routeHealthCheckSchema.properties)).toEqual(
      Object.keys(healthCheckSchema.properties),
    );
    expect(() => readRoute({ expected: 200 })).toThrow();
  });
});

describe("a health check's spans of time", () => {
  test("are accepted within their limits, each on its own", () => {
    expect(checkHealthCheck({ interval: 100, timeout: 86_400_000 })).toEqual([]);
    expect(checkHealthCheck({ interval: 86_400_000, timeout: 0.5 })).toEqual([]);
    expect(checkHealthCheck({})).toEqual([]);
  });

  test.each([0, 99, 86_400_001])("an interval of %dms is an issue", (interval) => {
    expect(checkHealthCheck({ interval })).toEqual([
      { path: ["interval"], message: "interval must be from 100ms to 1d" },
    ]);
  });

  test.each([0, 86_400_001])("a timeout of %dms is an issue", (timeout) => {
    expect(checkHealthCheck({ timeout })).toEqual([
      { path: ["timeout"], message: "timeout must be above 0 and at most 1d" },
    ]);
  });
});
