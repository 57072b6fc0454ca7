import { expect, test } from "bun:test";
import { checkRedact } from "../../../src/telemetry/redact-schema.ts";

const paths = (names: Parameters<typeof checkRedact>[0]) =>
  checkRedact(names).map(({ path, severity = "error" }) => `${path.join(".")} ${severity}`);

test.each(["token", "x-amz-signature", "user.pin", "a$b", "X_1"])(
  "%s may be the name of a parameter",
  (name) => {
    expect(paths({ query: [name] })).toEqual([]);
  },
);

test.each(["", "?token", "a=b", "a&b", "a b", "%74oken", "täken", "-_", "a;b"])(
  "%p may not",
  (name) => {
    expect(paths({ query: ["token", name] })).toEqual(["query.1 error"]);
  },
);

test("fields have names of fields", () => {
  expect(paths({ headers: ["X-Api-Key", "x api key"] })).toEqual(["headers.1 error"]);
});

test("an exception to nothing is probably not meant", () => {
  expect(paths({ except: ["CODE", "api-key", "colour"] })).toEqual(["except.2 warning"]);
});
