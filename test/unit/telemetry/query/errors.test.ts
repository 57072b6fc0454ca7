import { expect, test } from "bun:test";
import { CorruptError } from "../../../../src/sqlite/errors.ts";
import { asQueryError, QueryError } from "../../../../src/telemetry/query/errors.ts";
import { answered, filtersOf, windowOf } from "../../../../src/server/admin/api/query-problems.ts";
import { ApiProblem } from "../../../../src/server/admin/api/api-problem.ts";

const withCode = (code: string) => Object.assign(new Error("it failed"), { code });

test.each([
  ["damaged", new CorruptError("it failed"), "gateway.db is damaged: it failed"],
  ["unreadable", withCode("SQLITE_IOERR"), "cannot read gateway.db: it failed"],
  ["failed", withCode("SQLITE_ERROR"), "gateway.db: it failed"],
] as const)("what goes wrong with a file is told as %s", (reason, thrown, message) => {
  const error = asQueryError(thrown, "gateway.db");
  expect(error).toMatchObject({ reason, message });
  expect(asQueryError(error, "other.db")).toBe(error);
});

test.each([
  ["busy", 503, 1],
  ["no_file", 503, 1],
  ["time_is_up", 503, 5],
  ["failed", 500, undefined],
] as const)("a query that failed by %s is answered with %d", async (reason, status, retryAfter) => {
  const problem = await answered(Promise.reject(new QueryError(reason, "why"))).catch(
    (error: unknown) => error,
  );
  expect(problem).toBeInstanceOf(ApiProblem);
  expect(problem).toMatchObject({
    status,
    retryAfter,
    message: "the log cannot be searched: why",
  });
});

test("errors that are no query's are passed on", async () => {
  const error = new Error("a fault");
  expect(await answered(Promise.reject(error)).catch((thrown: unknown) => thrown)).toBe(error);
});

test("a window is the last quarter of an hour, or what is asked for", () => {
  const now = Date.UTC(2026, 0, 2);
  expect(windowOf({}, now)).toEqual({ from: now - 900_000, to: now });
  const asked = windowOf({ since: "2h", until: "1h" }, now);
  expect(asked).toEqual({ from: now - 7_200_000, to: now - 3_600_000 });
});

test("a filter that cannot be read is the client's fault", () => {
  let problem: unknown;
  try {
    filtersOf({ status: "foo" }, 0);
  } catch (error) {
    problem = error;
  }
  expect(problem).toMatchObject({ status: 422 });
});
