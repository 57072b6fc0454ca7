import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answerOf, askHttp2, http2Session, request } from "../support/http2-ask.ts";
import { Http2Client } from "../support/http2-client.ts";
import { block, frame, GET, headers, literal, uint32 } from "../support/http2-frames.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { answer, type RawRequest, startRawBackend } from "../support/raw-backend.ts";
import { askRaw, message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const APP = "https://app.example.com";
const DENIED = "https://evil.example.net";

let gateway: GatewayProcess;
/** What a raw backend does with the next request. */
let next: (request: RawRequest) => void = () => {};

beforeAll(async () => {
  const mock = await startMockProcess(stage, "A");
  const gone = await startMockProcess(stage, "B");
  gone.kill("SIGKILL");
  const raw = await startRawBackend(stage, (request) => next(request));
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    server: { max_header_size: "8KiB", max_body_size: "1MB" },
    cors: { allowed_origins: [APP], allowed_methods: ["GET", "PUT"] },
    routes: [
      { path: "/gone/*", backends: [gone.url] },
      { path: "/raw/*", backends: [raw.url] },
      {
        path: "/limited/*",
        backends: [raw.url],
        rate_limit: { requests_per_second: "1/h", burst: 1 },
      },
      { path: "/*", backends: [mock.url] },
    ],
  });
});

describe("over HTTP/2, by prior knowledge", () => {
  test("many requests on one connection are answered, each with its own answer", async () => {
    const session = http2Session(stage, gateway.url);
    const sizes = Array.from({ length: 100 }, (_, index) => index * 1000);
    const answers = await Promise.all(sizes.map((size) => askHttp2(session, `/bytes/${size}`)));
    expect(answers.map(({ status }) => status)).toEqual(sizes.map(() => 200));
    expect(answers.map(({ content }) => content.length)).toEqual(sizes);
    expect(answers.at(-1)?.fields["content-length"]).toBe("99000");
  });

  test("a backend gets an HTTP/1.1 request with Host, one Cookie, and no pseudo-field", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    const cookies = [
      ["cookie", "a=1"],
      ["cookie", "b=2"],
    ] as const;
    const own = GET.filter(([name]) => name !== ":path");
    client.send(headers(1, [...own, [":path", "/echo/%7Ex?q=%20"], ...cookies]));
    const echo = JSON.parse((await client.answer(1)).content) as {
      path: string;
      query: string;
      fields: [string, string][];
    };
    expect(echo).toMatchObject({ query: "q=%20" });
    expect(echo.fields).toContainEqual(["cookie", "a=1; b=2"]);
    expect(echo.fields).toContainEqual(["x-forwarded-host", "localhost"]);
    expect(echo.fields).toContainEqual([
      "via",
      expect.stringMatching(/^2\.0 gateway-[0-9a-f]{8}$/) as unknown as string,
    ]);
    expect(echo.fields.filter(([name]) => name.startsWith(":"))).toEqual([]);
  });

  test.each([
    ["small", 10],
    ["of many frames", 900_000],
  ])("an upload arrives whole, %s", async (_, size) => {
    const session = http2Session(stage, gateway.url);
    const { status, content } = await askHttp2(
      session,
      "/echo",
      { ":method": "POST" },
      Buffer.alloc(size, "x"),
    );
    expect(status).toBe(200);
    expect(JSON.parse(content)).toMatchObject({ method: "POST", body_bytes: size });
  });

  test("a long answer arrives whole, at the pace of its reader", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET.slice(0, 2), [":path", "/bytes/3000000"], GET[3]!]));
    expect((await client.answer(1)).content.length).toBe(3_000_000);
  });

  test("server-sent events come one by one, while other requests are answered", async () => {
    let backend: RawRequest | undefined;
    next = (request) => {
      backend = request;
      request.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    };
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET.slice(0, 2), [":path", "/raw/events"], GET[3]!]));
    await client.until(() => client.status(1) === "200");
    for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
      backend?.send(event);
      await client.until(() => client.stream(1).content.endsWith(event));
    }
    client.send(headers(3, [...GET.slice(0, 2), [":path", "/bytes/5"], GET[3]!]));
    expect((await client.answer(3)).content.length).toBe(5);
    client.send(frame(3, 0, 1, uint32(8)));
    await backend?.closed;
  });

  test("HEAD, 204 and 304 have no content", async () => {
    const session = http2Session(stage, gateway.url);
    const head = await askHttp2(session, "/bytes/5", { ":method": "HEAD" });
    expect(head).toMatchObject({ status: 200, content: "" });
    expect(head.fields["content-length"]).toBe("5");
    for (const status of [204, 304]) {
      expect(await askHttp2(session, `/status/${status}`)).toMatchObject({ status, content: "" });
    }
  });

  test("errors are problems, and the connection goes on", async () => {
    const session = http2Session(stage, gateway.url);
    const gone = await askHttp2(session, "/gone/a");
    expect(gone.fields["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(gone.content)).toMatchObject({ status: 502, code: "backend_unreachable" });
    expect(await askHttp2(session, "/bytes/5")).toMatchObject({ status: 200 });
  });

  test("CORS holds: preflights, and fields of answers", async () => {
    const session = http2Session(stage, gateway.url);
    const preflight = await askHttp2(session, "/bytes/5", {
      ":method": "OPTIONS",
      origin: APP,
      "access-control-request-method": "PUT",
    });
    expect(preflight.status).toBe(204);
    expect(preflight.fields["access-control-allow-methods"]).toContain("PUT");
    const allowed = await askHttp2(session, "/bytes/5", { origin: APP });
    expect(allowed.fields["access-control-allow-origin"]).toBe(APP);
    const denied = await askHttp2(session, "/bytes/5", { origin: DENIED });
    expect(denied.fields["access-control-allow-origin"]).toBeUndefined();
  });

  test("limits hold: rate, size of content, size of the header section", async () => {
    next = (request) => request.send(answer([], "hi"));
    const session = http2Session(stage, gateway.url);
    expect((await askHttp2(session, "/limited/a")).status).toBe(200);
    expect((await askHttp2(session, "/limited/a")).status).toBe(429);
    const large = await askHttp2(
      session,
      "/echo",
      { ":method": "POST", "content-length": "2000000" },
      Buffer.alloc(2_000_000),
    ).catch((error: Error) => error);
    // The answer comes before the content, which the client may take for an error.
    if (!(large instanceof Error)) expect(large.status).toBe(413);
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET, ["x-long", "x".repeat(9_000)]]));
    await client.answer(1);
    expect(client.status(1)).toBe("431");
    client.send(headers(3, [...GET, ...Array.from({ length: 257 }, () => ["x", ""] as const)]));
    await client.answer(3);
    expect(client.status(3)).toBe("431");
  });

  test("content above max_body_size is answered 413, and the rest is not wanted", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    const post = [[":method", "POST"] as const, ...GET.slice(1, 2), [":path", "/echo"] as const];
    client.send(headers(1, [...post, GET[3]!, ["content-length", "2000000"]], false));
    await client.until(() => client.stream(1).resetBy !== undefined);
    expect(client.status(1)).toBe("413");
    expect(client.stream(1).resetBy).toBe(0);
  });

  test("interim answers and trailers of a backend are passed on", async () => {
    next = (request) => {
      request.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n");
      request.send("2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n");
      request.end();
    };
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET.slice(0, 2), [":path", "/raw/a"], GET[3]!, ["te", "trailers"]]));
    const { sections, content } = await client.answer(1);
    expect(content).toBe("hi");
    expect(sections[0]).toContainEqual([":status", "103"]);
    expect(sections[0]).toContainEqual(["link", "</a.css>"]);
    expect(sections.at(-1)).toEqual([["x-sum", "42"]]);
  });

  test("a client that waits for 100 gets it when the content is wanted", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    const post = [[":method", "POST"] as const, ...GET.slice(1, 2), [":path", "/echo"] as const];
    client.send(
      headers(1, [...post, GET[3]!, ["expect", "100-continue"], ["content-length", "2"]], false),
    );
    await client.until(() => client.status(1) === "100");
    client.send(frame(0, 1, 1, Buffer.from("hi")));
    expect(JSON.parse((await client.answer(1)).content)).toMatchObject({ body: "hi" });
  });

  test("a client that resets its stream ends the backend's request, and is logged", async () => {
    let backend: RawRequest | undefined;
    next = (request) => (backend = request);
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET.slice(0, 2), [":path", "/raw/left"], GET[3]!]));
    await eventually(() => backend !== undefined);
    client.send(frame(3, 0, 1, uint32(8)));
    await backend?.closed;
    await eventually(() =>
      gateway
        .rows()
        .find(({ path, error_code }) => path === "/raw/left" && error_code === "client_closed"),
    );
  });

  test.each(["before the answer", "in the middle of the answer"])(
    "a client that closes its connection %s ends the backend's request, and is logged",
    async (when) => {
      const path = `/raw/${when.replaceAll(" ", "-")}`;
      const { promise: asked, resolve } = Promise.withResolvers<RawRequest>();
      next = resolve;
      const client = await Http2Client.open(stage, gateway.port);
      client.send(headers(1, [...GET.slice(0, 2), [":path", path], GET[3]!]));
      const backend = await asked;
      if (when !== "before the answer") {
        backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
        await client.until(() => client.stream(1).content === "begin");
      }
      client.close();
      await backend.closed;
      await eventually(() =>
        gateway.rows().find((row) => row.path === path && row.error_code === "client_closed"),
      );
    },
  );

  test("an answer that breaks off at its backend resets the stream", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<RawRequest>();
    next = (request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      resolve(request);
    };
    const client = await Http2Client.open(stage, gateway.port);
    client.send(headers(1, [...GET.slice(0, 2), [":path", "/raw/half"], GET[3]!]));
    await client.until(() => client.stream(1).content === "half");
    (await asked).end();
    await client.until(() => client.stream(1).resetBy !== undefined);
    expect(client.stream(1)).toMatchObject({ content: "half", resetBy: 2, isEnded: false });
    await client.pong();
  });

  test("CONNECT is answered like any method that is not proxied", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(
      headers(1, [
        [":method", "CONNECT"],
        [":authority", "localhost:1"],
      ]),
    );
    await client.answer(1);
    expect(client.status(1)).toBe("501");
  });

  test("HTTP/1.1 goes on beside it on the same port", async () => {
    const raw = await askRaw(gateway.port, ["GET /bytes/5 HTTP/1.1", "Host: a"]);
    expect(raw).toMatchObject({ status: 200, content: "01234" });
  });
});

describe.if(hasOpenssl)("over HTTP/2, by ALPN on the TLS port", () => {
  test("requests, uploads and long answers go both ways, many at a time", async () => {
    const folder = stage.folder();
    await makeAuthority(folder, "ca");
    await issue(folder, "server", "IP:127.0.0.1");
    const mock = await startMockProcess(stage, "C");
    const secure = await startGateway(stage, {
      server: {
        tls: {
          port: 0,
          certificates: [
            { certificate: join(folder, "server.pem"), key: join(folder, "server.key") },
          ],
        },
      },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [mock.url] }],
    });
    const ca = readFileSync(join(folder, "ca.pem"));
    const session = http2Session(stage, secure.tlsUrl, ca);
    const sizes = [0, 1, 1000, 100_000, 3_000_000];
    const answers = await Promise.all([
      ...sizes.map((size) => askHttp2(session, `/bytes/${size}`)),
      ...sizes.map((size) =>
        askHttp2(session, "/echo", { ":method": "POST" }, Buffer.alloc(size, "x")),
      ),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.slice(0, 5).map(({ content }) => content.length)).toEqual(sizes);
    expect(
      answers.slice(5).map(({ content }) => JSON.parse(content) as { body_bytes: number }),
    ).toMatchObject(sizes.map((size) => ({ body_bytes: size })));
  });
});

describe("floods", () => {
  const many = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array(count).fill(bytes));

  test.each<[string, string, Buffer]>([
    [
      "rapid reset",
      "streams that were reset",
      Buffer.concat(
        Array.from({ length: 1000 }, (_, index) => [
          headers(2 * index + 1),
          frame(3, 0, 2 * index + 1, uint32(8)),
        ]).flat(),
      ),
    ],
    [
      "CONTINUATION",
      "a header block that is too large",
      Buffer.concat([frame(1, 1, 1, block(GET)), many(10_000, frame(9, 0, 1))]),
    ],
    ["PING", "too many PING frames", many(10_000, frame(6, 0, 0, Buffer.alloc(8)))],
    ["SETTINGS", "too many SETTINGS frames", many(10_000, frame(4, 0, 0))],
    [
      "empty DATA",
      "too many empty DATA frames",
      Buffer.concat([headers(1, GET, false), many(10_000, frame(0, 0, 1))]),
    ],
    [
      "WINDOW_UPDATE",
      "too many WINDOW_UPDATE frames",
      Buffer.concat([headers(1, GET, false), many(10_000, frame(8, 0, 1, uint32(1)))]),
    ],
  ])("%s ends the connection, with one line for the operator", async (_, reason, bytes) => {
    const client = await Http2Client.open(stage, gateway.port);
    client.send(bytes);
    await client.until(() => client.frames.some(({ type }) => type === 7));
    expect(client.log.at(-1)).toMatch(/^GOAWAY 0 last \d+ code 11$/);
    client.end();
    await client.until(() => client.isClosed);
    await gateway.lines.waitFor(
      new RegExp(`HTTP/2 connection of 127.0.0.1 was ended: .*${reason}`),
    );
    expect(await askRaw(gateway.port, ["GET /bytes/5 HTTP/1.1", "Host: a"])).toMatchObject({
      status: 200,
    });
  });

  test("a field that is repeated from the table is counted each time", async () => {
    const client = await Http2Client.open(stage, gateway.port);
    const indexed = Buffer.concat([
      Buffer.from([0x40]),
      literal("x", "y".repeat(3800)).subarray(1),
    ]);
    client.send(frame(1, 5, 1, Buffer.concat([block(GET), indexed, Buffer.alloc(8_000, 0xbe)])));
    await client.answer(1);
    expect(client.status(1)).toBe("431");
  });
});

describe("the connection's end", () => {
  test("a header section that is not completed in time ends it", async () => {
    const slow = await startGateway(stage, {
      server: { header_timeout: "100ms" },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: ["http://127.0.0.1:1"] }],
    });
    const client = await Http2Client.open(stage, slow.port);
    client.send(frame(1, 1, 1, block(GET)));
    await client.until(() => client.frames.some(({ type }) => type === 7));
    client.end();
    await client.until(() => client.isClosed);
  });

  test("an idle connection is closed after keep_alive_timeout, with GOAWAY first", async () => {
    const short = await startGateway(stage, {
      server: { keep_alive_timeout: "100ms" },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: ["http://127.0.0.1:1"] }],
    });
    const client = await Http2Client.open(stage, short.port);
    await client.until(() => client.frames.some(({ type }) => type === 7));
    expect(client.log.at(-2)).toBe("GOAWAY 0 last 2147483647 code 0");
    client.end();
    await client.until(() => client.isClosed);
  });

  test("at the stop requests in flight are answered, and the client is told to leave", async () => {
    const backend = await startRawBackend(stage);
    const stopping = await startGateway(stage, {
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: [backend.url] }],
    });
    const session = http2Session(stage, stopping.url);
    let isGoing = false;
    session.on("goaway", () => (isGoing = true));
    const arrived = backend.next();
    const asked = answerOf(request(session, "/slow"));
    const held = await arrived;
    const stopped = stopping.stop();
    await eventually(() => isGoing);
    held.send(answer([], "done"));
    held.end();
    expect(await asked).toMatchObject({ status: 200, content: "done" });
    expect(await stopped).toBe(0);
  });

  test("with http2: false a client that begins with its preface is refused", async () => {
    const only = await startGateway(stage, {
      server: { http2: false },
      health_check: noHealthChecks,
      routes: [{ path: "/*", backends: ["http://127.0.0.1:1"] }],
    });
    const client = await Http2Client.connect(stage, only.port);
    client.send(Buffer.from(message(["PRI * HTTP/2.0"], "SM\r\n\r\n")));
    await client.until(() => client.isClosed);
    expect(client.frames.filter(({ type }) => type === 4)).toEqual([]);
  });
});
