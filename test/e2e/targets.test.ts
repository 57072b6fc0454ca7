import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import {
  answer,
  type RawBackend,
  type RawRequest,
  startRawBackend,
} from "../support/raw-backend.ts";
import { askRaw, type RawAnswer } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let open: RawBackend;
let guarded: RawBackend;
let gateway: GatewayProcess;

/** Answers with its name and the target that it was sent. */
async function startNamed(name: string): Promise<RawBackend> {
  return startRawBackend(stage, (request) => {
    request.send(answer([], `${name} ${request.lines[0]?.split(" ")[1]}`));
    request.end();
  });
}

beforeAll(async () => {
  [open, guarded] = await Promise.all([startNamed("open"), startNamed("guarded")]);
  const below = (url: string) => ({ backends: [url] });
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      { path: "/*", ...below(open.url) },
      { path: "/admin/*", ...below(guarded.url) },
      { path: "/projects/:id/issues", ...below(open.url) },
      { path: "/store/*", preserve_path: true, ...below(open.url) },
      { path: "/decode/*", encoded_slashes: "decode", ...below(open.url) },
      { path: "/reject/*", encoded_slashes: "reject", ...below(open.url) },
    ],
  });
});

function get(target: string, ...fields: string[]): Promise<RawAnswer> {
  return askRaw(gateway.port, [`GET ${target} HTTP/1.1`, "Host: gateway", ...fields]);
}

/** Who answers a request for a target, and what was asked there; the error's code if nobody does. */
async function reached(target: string): Promise<string> {
  const { status, content } = await get(target);
  return status === 200 ? content : (JSON.parse(content) as { code: string }).code;
}

/** The request as it came to the open backend. */
async function received(lines: readonly string[]): Promise<RawRequest> {
  const arrived = open.next();
  expect((await askRaw(gateway.port, lines)).status).toBe(200);
  return arrived;
}

describe("a query", () => {
  test.each([
    "?a='b'&c=\"<>`{}|\\^[]",
    "?q=\u00C3\u00A9&r=\u00E9\u00FF",
    "?a=%2F%2f%zz%&&d=+%20",
    "?../..//%2e?%00",
    "?",
  ])("reaches the backend byte for byte: %p", async (query) => {
    expect(await reached(`/a${query}`)).toBe(`open /a${query}`);
    expect(await reached(`/store//a${query}`)).toBe(`open /store//a${query}`);
  });
});

describe("a path", () => {
  test.each([
    ["/a//b", "/a/b"],
    ["/a/./b/../c", "/a/c"],
    ["/a/%2e%2e/b", "/b"],
    ["/%61%c3%a9", "/a%C3%A9"],
    ["/caf\u00C3\u00A9\u00FF", "/caf%C3%A9%FF"],
    ['/a"<>[]^`{|}', "/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D"],
    ["/a;b=c/d", "/a;b=c/d"],
    ["/a%252fb", "/a%252fb"],
  ])("has one form, in which it is sent: %p is %p", async (written, sent) => {
    expect(await reached(written)).toBe(`open ${sent}`);
  });

  test.each([
    "/admin/users",
    "//admin//users",
    "/a/../admin/users",
    "/a/%2e%2e/admin/users",
    "/./%61dmin/./users",
    "/a//../../admin/users",
  ])("is guarded in every spelling: %p", async (written) => {
    expect(await reached(written)).toBe("guarded /admin/users");
  });

  test.each([
    "/admin%2Fusers",
    "/admin%5cusers",
    "/admin\\users",
    "/%2Fadmin/users",
    "/a%2f..%2fadmin/users",
    "/a/..%2fadmin/users",
    "/a/%2e%2e%2fadmin/users",
    "/a/..\\admin/users",
    "/a/..;/admin/users",
    "/a/%252e%252e/admin/users",
    "/../admin/users",
    "/a/../../admin/users",
    "/admin%00/users",
    "/a%zz",
    "/a#b",
    "/a?b#c",
  ])("that some backend could take for another is refused: %p", async (written) => {
    const before = open.requests.length + guarded.requests.length;
    expect(await reached(written)).toBe("invalid_path");
    expect(open.requests.length + guarded.requests.length).toBe(before);
  });
});

describe("an encoded slash", () => {
  test.each([
    ["/projects/group%2fname/issues", "/projects/group%2Fname/issues"],
    ["/projects/a\\b/issues", "/projects/a%5Cb/issues"],
    ["/admin%252Fusers", "/admin%252Fusers"],
  ])("is part of its segment: %p is sent as %p", async (written, sent) => {
    expect(await reached(written)).toBe(`open ${sent}`);
  });

  test("within what a route guards is that route's", async () => {
    expect(await reached("/admin/a%2Fb")).toBe("guarded /admin/a%2Fb");
  });

  test("is a slash on a route that decodes, for the gateway and its backend", async () => {
    expect(await reached("/decode/a%2Fb%5Cc")).toBe("open /decode/a/b/c");
    expect(await reached("/decode%2Fa")).toBe("invalid_path");
  });

  test("is refused on a route that rejects it", async () => {
    expect(await reached("/reject/a%2Fb")).toBe("invalid_path");
    expect(await reached("/reject/a%20b")).toBe("open /reject/a%20b");
  });
});

describe("a path that a route preserves", () => {
  test.each(["/store//a/./b", "/store/%61%c3%a9/%2Fx", "//store/a", "/store/caf\u00C3\u00A9"])(
    "is sent as it was written: %p",
    async (written) => {
      expect(await reached(written)).toBe(`open ${written}`);
    },
  );

  test("is matched in its normal form", async () => {
    expect(await reached("/store/../admin/users")).toBe("guarded /admin/users");
    expect(await reached("/admin//./users")).toBe("guarded /admin/users");
  });

  test("is refused with a segment that leads elsewhere", async () => {
    expect(await reached("/store/a/../b")).toBe("invalid_path");
    expect(await reached("/store/a//%2E%2e/b")).toBe("invalid_path");
  });
});

describe("an absolute URL as the target", () => {
  test("replaces the Host field, for the backend too", async () => {
    const url = "http://other.test:8080/a?b";
    const request = await received([`GET ${url} HTTP/1.1`, "Host: gateway"]);
    expect(request.lines[0]).toBe("GET /a?b HTTP/1.1");
    expect(request.all("host")).toEqual(["other.test:8080"]);
    expect(request.all("x-forwarded-host")).toEqual(["other.test:8080"]);
  });

  test("has the path / if it has none", async () => {
    const { lines } = await received(["GET HTTPS://other.test?b HTTP/1.1", "Host: gateway"]);
    expect(lines[0]).toBe("GET /?b HTTP/1.1");
  });

  test.each([
    ["http://user@other.test/", "invalid_host"],
    ["http:///a", "invalid_host"],
    ["ftp://other.test/", "invalid_path"],
    ["other.test/a", "invalid_path"],
    ["*", "invalid_path"],
  ])("is refused as %p", async (target, code) => {
    expect(await reached(target)).toBe(code);
  });
});

describe("a Host", () => {
  test.each(["a!b.test", "a%41b", "a$&'()*+;=b", "[2001:db8::1]:65535", "1.2.3.4.5", "a_b.test:0"])(
    "may be %p",
    async (host) => {
      const request = await received(["GET /a HTTP/1.1", `Host: ${host}`]);
      expect(request.all("host")).toEqual([host]);
      expect(request.all("x-forwarded-host")).toEqual([host]);
    },
  );

  test("loses an empty port", async () => {
    const request = await received(["GET /a HTTP/1.1", "Host: example.com:"]);
    expect(request.all("host")).toEqual(["example.com"]);
  });

  test("with a comma is one host, wherever it is sent", async () => {
    const request = await received(["GET /a HTTP/1.1", "Host: a,b.test"]);
    expect(request.all("host")).toEqual(["a,b.test"]);
    expect(request.all("x-forwarded-host")).toEqual(["a%2Cb.test"]);
  });

  test.each([
    "a b",
    "a:65536",
    "a:b",
    "[::1",
    "[::1::2]",
    "[::1%25eth0]",
    "[v1.a]",
    "a%00",
    "a%2fb",
  ])("cannot be %p", async (host) => {
    const answered = await askRaw(gateway.port, ["GET /a HTTP/1.1", `Host: ${host}`]);
    expect(answered.status).toBe(400);
    expect(JSON.parse(answered.content)).toMatchObject({ code: "invalid_host" });
  });
});

test("rows and problems show bytes outside visible ASCII percent-encoded", async () => {
  const own = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/known/*", backends: [open.url] }],
  });
  const lines = (target: string) => [`GET ${target} HTTP/1.1`, "Host: gateway"];
  await askRaw(own.port, lines("/known/\u009B31m?q=\u009B\u00C3\u00A9'"));
  const { content } = await askRaw(own.port, lines("/\u009B31m"));
  await askRaw(own.port, lines("/known/..%2f\u009B?\u009B"));

  expect(JSON.parse(content)).toMatchObject({ detail: "no route matches /%9B31m" });
  const rows = await own.waitForRows(3);
  expect(rows.map(({ path, query }) => [path, query])).toEqual([
    ["/known/%9B31m", "?q=%9B%C3%A9'"],
    ["/%9B31m", null],
    ["/known/..%2f%9B", "?%9B"],
  ]);
});
