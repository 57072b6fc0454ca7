import { expect, test } from "bun:test";
import { assert, constantFrom, oneof, property, string } from "fast-check";
import { recordAsJson, recordAsText } from "../../../src/telemetry/lines.ts";
import { record } from "./access-log/support.ts";

const anyText = oneof(
  string({ unit: "binary", maxLength: 40 }),
  string({ unit: constantFrom(" ", "-", "\u00A0", "\u3000", "\\", "a"), maxLength: 12 }),
);

test("what clients send neither ends a text line nor looks like another part of it", () => {
  const shape =
    /^\S* \S* - 404 \(1ms\) - Backend: http:\/\/b - Client: 127\.0\.0\.1 - Id: \S* - route_not_found: (.*)$/u;
  assert(
    property(anyText, anyText, anyText, (method, path, message) => {
      const line = recordAsText(
        record({
          method,
          path: `${path} - 200 (0ms) - Backend: http://evil`,
          requestId: `${path} - Client: 6.6.6.6`,
          statusCode: 404,
          backend: "http://b",
          errorCode: "route_not_found",
          message: `${message} - Client: 6.6.6.6`,
        }),
      );
      const parts = shape.exec(line);
      expect(parts).not.toBeNull();
      expect(parts?.[1]).not.toMatch(/\s-\s/u);
    }),
  );
});

test("a JSON line is one line that reads back as it was", () => {
  assert(
    property(anyText, anyText, (path, userAgent) => {
      const line = recordAsJson(record({ path, userAgent }), "now");
      expect(line).not.toMatch(/[^ -~\u00A0-\uFFFF]|\u2028|\u2029|\u202E/);
      expect(JSON.parse(line)).toMatchObject({ path, user_agent: userAgent });
    }),
  );
});
