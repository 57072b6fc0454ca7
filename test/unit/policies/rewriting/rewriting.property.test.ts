import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { rewritten } from "./rewritten.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** What paths are attacked with: separators and dots in every spelling, and names that are guarded. */
const PIECES =
  "/ // \\ %2F %2f %5C %252F %25252f %255c %c0%af %E2%88%95 . .. %2e %2E%2e %252e%252e ..; ..;a=1 ; %3B %253b.. .%00 %00 admin private %61dmin a %20 %09 %0d%0a ? # & = % %zz %C3%BC".split(
    " ",
  );
const hostile = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 8 })
  .map((pieces) => pieces.join(""));

/** The path as backends of different care read it: decoded so often, with the other separators. */
function readings(path: string): string[] {
  const readings = [path];
  for (let times = 0; times < 4; times += 1) {
    readings.push(
      readings
        .at(-1)!
        .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        ),
    );
  }
  return readings.flatMap((reading) => {
    const slashed = reading.replaceAll("\\", "/");
    return [reading, slashed, slashed.replace(/;[^/]*/g, "")].map(resolved);
  });
}

function resolved(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

function pathOf(requested: string): string {
  return requested.replace(/\?.*$/, "");
}

const ERRORS = /^(?:invalid_path|refused|not_found|method_not_allowed)$/;

/** Every reading of what a backend gets stays below the literal beginning of the rewrite. */
function expectBelow(beginning: string, requested: string): void {
  if (ERRORS.test(requested)) return;
  expect(requested).toMatch(/^\/[!-~]*$/);
  expect(requested).not.toContain("#");
  const path = pathOf(requested);
  expect(path).not.toContain("//");
  for (const reading of readings(path)) expect(`${reading}/`).toStartWith(beginning);
}

test("no spelling of a path leads out of what its route is rewritten to", () => {
  fc.assert(
    fc.property(hostile, (rest) => {
      const target = `/users/${rest}`;
      expectBelow(
        "/v2/users/",
        rewritten({ rewrite: "/v2/users/{path.rest}" }, { path: "/users/*rest", target }),
      );
      expectBelow(
        "/v2/users/",
        rewritten({ rewrite: "/v2/users/{path.id}/profile" }, { path: "/users/:id", target }),
      );
      expectBelow(
        "/v2/users/",
        rewritten({ rewrite: "/v2{request.path}" }, { path: "/users/*", target }),
      );
    }),
    { numRuns: 4_000 },
  );
});

test("no value leads out of the segment that it stands in", () => {
  fc.assert(
    fc.property(hostile, hostile, (value, other) => {
      const target = `/?v=${value.replaceAll("#", "%23").replaceAll("&", "%26")}`;
      const fields = { "x-v": other };
      const texts = [
        "/v2/users/{query.v}",
        "/v2/users/{header.x-v}/profile",
        "/v2/users/{query.v}{header.x-v}/{query.v}",
      ];
      for (const text of texts) {
        expectBelow("/v2/users/", rewritten({ rewrite: text }, { target, fields }));
      }
      const rules = { encodedSlashes: "reject" } as const;
      const requested = rewritten(
        { rewrite: "/v2/users/{header.x-v}/profile" },
        { target, fields, rules },
      );
      if (ERRORS.test(requested)) return;
      // Where encoded slashes are refused, a value is one segment to whoever decodes once.
      expect(readings(pathOf(requested))[3]).toMatch(/^\/v2\/users\/[^/]+\/profile$/);
    }),
    { numRuns: 4_000 },
  );
});

test("a prefix is taken off in whole segments, and what is left is normal", () => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (rest, isRejected) => {
      const target = `/public/${rest}`;
      const rules = { encodedSlashes: isRejected ? "reject" : "keep" } as const;
      const whole = rewritten({}, { path: "/public/*", target, rules });
      const stripped = rewritten({ strip_prefix: "/public" }, { path: "/public/*", target, rules });
      if (ERRORS.test(whole)) expect(stripped).toBe(whole);
      else expect(stripped).toBe(whole.slice("/public".length));
      expectBelow("/", stripped);
    }),
    { numRuns: 4_000 },
  );
});

test("where paths stay as they are written, what is left after the prefix does, and means the same", () => {
  fc.assert(
    fc.property(hostile, hostile, (before, rest) => {
      const target = `/${before}/store/${rest}`;
      const options = { path: "/*", target, rules: { preservePath: true } };
      const whole = rewritten({}, options);
      const stripped = rewritten({ strip_prefix: "/store" }, options);
      if (stripped === whole) return;
      expect(target).toEndWith(stripped);
      const normal = rewritten({ strip_prefix: "/store" }, { path: "/*", target });
      const decoded = (path: string) =>
        readings(pathOf(path))
          .slice(3)
          .map((reading) => reading.toUpperCase());
      expect(decoded(stripped)).toEqual(decoded(normal));
    }),
    { numRuns: 4_000 },
  );
});
