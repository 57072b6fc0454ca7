import { expect, test } from "bun:test";
import { cut } from "../../../src/telemetry/cut.ts";
import { toRecord } from "../../../src/telemetry/record.ts";
import { openExchange } from "../pipeline/opening.ts";

test.each([
  ["abcd", 4, "abcd"],
  ["abcde", 4, "abc…"],
  ["", 4, ""],
  ["ab😀de", 4, "ab…"],
  ["a😀de", 4, "a😀…"],
])("%j is kept to %i characters as %j", (text, limit, kept) => {
  expect(cut(text, limit)).toBe(kept);
});

test("a record keeps a limited number of characters of a client's texts", () => {
  const long = "x".repeat(14 * 1024);
  const exchange = openExchange({
    url: `http://gateway.test/${long}?${long}`,
    host: long,
    fields: { "user-agent": long },
  });
  Object.assign(exchange, { method: "X".repeat(300) });
  exchange.fail("bad_request", long);
  const record = toRecord(exchange, 0);
  const lengths = Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) =>
      typeof value === "string" && value.endsWith("…") ? [[name, value.length]] : [],
    ),
  );
  expect(lengths).toEqual({
    message: 2048,
    method: 64,
    path: 8192,
    query: 8192,
    userAgent: 1024,
    host: 255,
  });
});
