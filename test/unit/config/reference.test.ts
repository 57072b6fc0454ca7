import { describe, expect, test } from "bun:test";
import { configurationReference } from "../../../src/config/reference.ts";

describe("the configuration reference", () => {
  const reference = configurationReference();
  const rowOf = (key: string) =>
    reference.split("\n").find((line) => line.startsWith(`| \`${key}\` |`)) ?? "";

  test("has a section for every key at the top", () => {
    const headings = [...reference.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      "server",
      "admin",
      "store",
      "logging",
      "metrics",
      "tracing",
      "health_check",
      "security_headers",
      "cors",
      "rate_limiting",
      "auth",
      "upstreams",
      "defaults",
      "routes",
    ]);
  });

  test("explains the keys of upstreams once, and names them where routes have them too", () => {
    expect(rowOf("upstreams.NAME.ejection.for")).not.toBe("");
    expect(rowOf("routes[].ejection.for")).toBe("");
    expect(reference).toMatch(/^A route with `backends` of its own also takes .*`ejection`/m);
  });

  test.each([
    ["server.port", "a whole number from 0 to 65535, or off", "`8080`"],
    ["server.timeouts.request", "a duration, like 250ms, 30s or 5m", "`30s`"],
    ["server.trusted_proxies", "a list", "`[]`"],
    ["logging.retention.max_age", "a duration, like 250ms, 30s or 5m", "`7d`"],
    ["admin.token", "non-empty text", ""],
    ["rate_limiting.rate", "a rate above zero", "`100`"],
    ["routes[].path", "a path that begins with /", "required"],
    ["routes[].rate_limit.burst", "a whole number from 1 to 1000000", ""],
    ["routes[].backends[].weight", "a whole number from 1 to 1000", "`1`"],
  ])("tells what %s takes, and its default", (key, value, standard) => {
    const [, , takes = "", fallback = "", meaning = ""] = rowOf(key).split("|");
    expect(takes).toContain(value);
    expect(fallback.trim()).toBe(standard);
    expect(meaning.trim()).not.toBe("");
  });
});
