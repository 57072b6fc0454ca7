import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { backendPatterns } from "../../../src/runtime/snapshot/backend-patterns.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { configFrom, world } from "./world.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const backends = "backends: [http://backend.test]";
const AMBIGUOUS = 400;

describe("the paths that a route asks a backend for", () => {
  test.each([
    ["/a/:id", "", "", ["/a/:id"]],
    ["/a/*", "", "/v1", ["/v1/a/*"]],
    ["/a/*", "", "/v1//%7ex", ["/v1/~x/a/*"]],
    ["/api/*", "strip_prefix: /api", "", ["/*"]],
    ["/api/*", "strip_prefix: /api", "/v1", ["/v1/*"]],
    ["/api", "strip_prefix: /api", "", ["/"]],
    ["/api/users/:id", "strip_prefix: /api", "", ["/users/:id"]],
    ["/:version/users", "strip_prefix: /v1", "", ["/users", "/:version/users"]],
    ["/*", "strip_prefix: /v1", "", ["/*", "/*"]],
    ["/img/:name", "rewrite: /files/{path.name}", "", ["/files/:value"]],
    ["/img/:name", "rewrite: /files/{path.name}/x?y=/z", "/v1", ["/v1/files/:value/x"]],
    ["/img/:name", "rewrite: /files/a-{path.name}.png", "", ["/files/:value"]],
    ["/img/*rest", "rewrite: /files/{path.rest}", "", ["/files/*"]],
    ["/img/*rest", "rewrite: /files/{path.rest}/x", "", ["/files/*"]],
    ["/img/:a/*rest", "rewrite: '/v2{request.path}'", "", ["/v2/img/:a/*rest"]],
    ["/img/:a", "rewrite: '{request.path}/x'", "", ["/img/:a/x"]],
    ["/img", "rewrite: /%66iles/é", "", ["/files/%C3%A9"]],
    ["/img", "rewrite: /files/", "", ["/files/"]],
  ])("of %p with %p below %p are %j", (path, line, base, expected) => {
    const [route] = configFrom(
      `routes:\n  - path: "${path}"\n    ${backends}\n    ${line}\n`,
    ).routes;
    expect(backendPatterns(route!, base).map(({ path }) => path)).toEqual(expected);
  });
});

/** The status for a path, and what the backend was asked for. */
async function asked(config: string, path: string): Promise<readonly [number, string | undefined]> {
  const { ask, sent } = world({ config });
  const { status } = await ask(path);
  const target = sent.at(-1)?.url;
  return [status, target === undefined ? undefined : new URL(target).pathname];
}

describe("an encoded slash in a rewritten path", () => {
  const guarded = (line: string) => `routes:
    - { path: /img/:name, ${line}, ${backends} }
    - { path: /files/private/*, ${backends} }
    - { path: /files/*, ${backends} }
    - { path: /secret/*rest, rewrite: "/hidden/{path.rest}", ${backends} }
    - { path: /plain/:x, ${backends} }`;

  test.each([
    ["/img/private%2Fx", AMBIGUOUS],
    ["/img/private%5Cx", AMBIGUOUS],
    ["/img/private\\x", AMBIGUOUS],
    ["/img/public%2Fx", 200],
    ["/img/private%252Fx", 200],
    ["/img/private", 200],
  ])("does not lead to what another route guards: %p is %i", async (path, status) => {
    const [answered] = await asked(guarded('rewrite: "/files/{path.name}"'), path);
    expect(answered).toBe(status);
  });

  test("does not lead to what another route is rewritten to", async () => {
    expect((await asked(guarded('rewrite: "/{path.name}"'), "/img/hidden%2Fx"))[0]).toBe(AMBIGUOUS);
    expect((await asked(guarded('rewrite: "/{path.name}"'), "/img/other%2Fx"))[0]).toBe(200);
  });

  test("does not lead a path that is not rewritten there either", async () => {
    const config = `routes:
      - { path: /plain/:x, ${backends} }
      - { path: /secret/*rest, rewrite: "/plain/private/{path.rest}", ${backends} }`;
    expect((await asked(config, "/plain/private%2Fx"))[0]).toBe(AMBIGUOUS);
    expect((await asked(config, "/plain/group%2Fx"))[0]).toBe(200);
  });

  test("is kept below a more general route, and for other backends", async () => {
    const config = `routes:
      - { path: /img/:name, rewrite: "/files/{path.name}", ${backends} }
      - { path: /all/*rest, rewrite: "/{path.rest}", ${backends} }
      - { path: /files/private/*, backends: [http://other.test] }`;
    expect((await asked(config, "/img/private%2Fx"))[0]).toBe(200);
  });

  test("does not lead there past a cache, which sends requests by itself", async () => {
    const config = guarded('rewrite: "/files/{path.name}", cache: true');
    expect((await asked(config, "/img/private%2Fx"))[0]).toBe(AMBIGUOUS);
    expect((await asked(config, "/img/public%2Fx"))[0]).toBe(200);
  });

  test("is seen below the base path of a backend", async () => {
    const config = `routes:
      - { path: /img/:name, rewrite: "/{path.name}", backends: [http://backend.test/files] }
      - { path: /files/private/*, ${backends} }`;
    expect((await asked(config, "/img/private%2Fx"))[0]).toBe(AMBIGUOUS);
  });
});

test("whatever is sent, a backend that decodes sees no path of a route that is more special", async () => {
  const config = `routes:
    - { path: /img/:name, rewrite: "/files/{path.name}", ${backends} }
    - { path: /t/:a/:b, rewrite: "/files/{path.a}/{path.b}", ${backends} }
    - { path: /all/*rest, rewrite: "/files/{path.rest}", ${backends} }
    - { path: /q, rewrite: "/files/{query.v}", ${backends} }
    - { path: /files/private/*, backends: [http://backend.test], rate_limit: 1 }
    - { path: /files/:x/admin, ${backends} }`;
  const { ask, sent } = world({ config });
  const piece = fc.constantFrom(
    "private",
    "admin",
    "a",
    "%2F",
    "%5C",
    "\\",
    "/",
    "%252F",
    "..",
    "%2e",
    ".",
    ";",
  );
  const hostile = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/img/", "/t/", "/all/", "/q?v="),
      hostile,
      async (start, rest) => {
        // What is written out goes through the general route by the operator's wish.
        fc.pre(start !== "/all/" || /%2F|%5C|\\/.test(rest));
        const before = sent.length;
        const { status } = await ask(start + rest);
        if (status !== 200) return;
        expect(sent.length).toBe(before + 1);
        const { pathname } = new URL(sent.at(-1)!.url);
        if (!/%2F|%5C/.test(pathname)) return;
        const decoded = pathname.replace(/%(?:2F|5C)/g, "/").replace(/\/+/g, "/");
        expect(decoded).not.toMatch(/^\/files\/private\/|^\/files\/[^/]+\/admin$/);
      },
    ),
    { numRuns: 3_000 },
  );
});
