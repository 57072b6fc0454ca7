import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { http2Session, request } from "../support/http2-ask.ts";
import { fileOf, startOrigin } from "../support/http-origin.ts";
import { connectRaw } from "../support/raw-client.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const CODINGS = ["gzip", "br", "zstd"] as const;
type Coding = (typeof CODINGS)[number];

const DECODE = {
  gzip: (bytes: Uint8Array) => gunzipSync(bytes),
  br: (bytes: Uint8Array) => brotliDecompressSync(bytes),
  zstd: (bytes: Uint8Array) => zstdDecompressSync(bytes),
};
const DECODERS = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress };

const SMALL = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `user ${id}` })));
const LARGE = Buffer.from(
  JSON.stringify(
    Array.from({ length: 50_000 }, (_, id) => ({ id, name: `user ${(id * 7_919) % 9_973}` })),
  ),
);
const JSON_TYPE = { "content-type": "application/json" };

/** Answers whose rest is up to a test, in the order in which they were asked for. */
const held: ServerResponse[] = [];
/** How often the answer that may be stored was asked for. */
let stored = 0;
let gateway: GatewayProcess;

const routesTo = (origin: string, compress: unknown) => ({
  health_check: noHealthChecks,
  server: { shutdown_timeout: "1s" },
  routes: [
    { path: "/file", backends: [origin], compress: { types: ["text/plain"] } },
    { path: "/*", backends: [origin], compress },
  ],
});

let origin: string;

beforeAll(async () => {
  origin = await startOrigin(stage, {
    "/small": (_, response) => {
      response.writeHead(200, {
        ...JSON_TYPE,
        etag: '"v1"',
        "content-length": SMALL.length,
        "accept-ranges": "bytes",
      });
      response.end(SMALL);
    },
    "/chunked": (_, response) => {
      response.writeHead(200, JSON_TYPE);
      response.write(SMALL.slice(0, 2_000));
      response.end(SMALL.slice(2_000));
    },
    "/tiny": (_, response) => {
      response.writeHead(200, JSON_TYPE);
      response.end("{}");
    },
    "/large": (_, response) => {
      response.writeHead(200, { ...JSON_TYPE, "content-length": LARGE.length });
      response.end(LARGE);
    },
    "/tagged": (request, response) => {
      const isKnown = /(?:^|[ ,])(?:W\/)?"v1"/.test(request.headers["if-none-match"] ?? "");
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"', ...(!isKnown && JSON_TYPE) });
      response.end(isKnown ? undefined : SMALL);
    },
    "/change": (request, response) => {
      response.writeHead(request.headers["if-match"] === '"v1"' ? 204 : 412, {}).end();
    },
    "/stored": (_, response) => {
      stored += 1;
      response.writeHead(200, {
        ...JSON_TYPE,
        etag: '"v1"',
        "cache-control": "public, max-age=60",
      });
      response.end(`{"secret":1,"list":${SMALL}}`);
    },
    "/events": (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${"x".repeat(5_000)}\n\n`);
    },
    "/file": fileOf(Buffer.from(SMALL)),
    "/held": (_, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write('{"line":1}\n');
      held.push(response);
    },
  });
  gateway = await startGateway(stage, routesTo(origin, true));
});

const accepting = (coding: string) => ({ headers: { "accept-encoding": coding } });

/** The next answer whose rest is up to the test. */
async function nextHeld(): Promise<ServerResponse> {
  for (;;) {
    const response = held.shift();
    if (response !== undefined) return response;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Decodes an answer as it arrives. */
function decoding(coding: Coding, body: ReadableStream<Uint8Array>) {
  const decoder = DECODERS[coding]();
  let text = "";
  decoder.on("data", (piece: Buffer) => (text += piece.toString()));
  const over = (async () => {
    try {
      for await (const piece of body) decoder.write(piece);
      decoder.end();
      await once(decoder, "end");
    } catch (error) {
      decoder.destroy();
      throw error;
    }
  })();
  over.catch(() => undefined);
  return {
    over,
    text: () => text,
    async until(wanted: string): Promise<void> {
      while (!text.includes(wanted)) await once(decoder, "data");
    },
  };
}

test.each(CODINGS)("an answer arrives in %s, whole and with its length", async (coding) => {
  for (const path of ["/small", "/chunked"]) {
    const response = await ask(gateway.url + path, accepting(coding));
    const bytes = await response.bytes();
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    // The parts of a chunked one need not arrive at once.
    if (path === "/small") {
      expect(response.headers.get("content-length")).toBe(String(bytes.length));
    }
    expect(response.headers.has("accept-ranges")).toBe(false);
    expect(bytes.length).toBeLessThan(SMALL.length / 3);
    expect(DECODE[coding](bytes).toString()).toBe(SMALL);
  }
});

test.each(CODINGS)("a large answer arrives in %s", async (coding) => {
  const response = await ask(`${gateway.url}/large`, accepting(coding));
  expect(response.headers.get("content-encoding")).toBe(coding);
  expect(response.headers.has("content-length")).toBe(false);
  expect(DECODE[coding](await response.bytes()).equals(LARGE)).toBe(true);
});

test("twenty large answers at a time arrive over one HTTP/2 connection", async () => {
  const session = http2Session(stage, gateway.url);
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const coding = CODINGS[index % CODINGS.length]!;
      const stream = request(session, "/large", { "accept-encoding": coding });
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      await once(stream, "end");
      expect(DECODE[coding](Buffer.concat(pieces)).equals(LARGE)).toBe(true);
    }),
  );
});

test.each(CODINGS)(
  "a line of a stream arrives in %s before the next one is written",
  async (coding) => {
    const response = await ask(`${gateway.url}/held`, accepting(coding));
    expect(response.headers.get("content-encoding")).toBe(coding);
    const backend = await nextHeld();
    const decoded = decoding(coding, response.body!);
    await decoded.until('{"line":1}\n');
    backend.write('{"line":2}\n');
    await decoded.until('{"line":2}\n');
    backend.end('{"line":3}\n');
    await decoded.over;
    expect(decoded.text()).toBe('{"line":1}\n{"line":2}\n{"line":3}\n');
  },
);

test.each(CODINGS)(
  "an answer in %s that its backend breaks off never looks complete",
  async (coding) => {
    const client = await connectRaw(stage, gateway.port);
    client.send(`GET /held HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${coding}\r\n\r\n`);
    const backend = await nextHeld();
    await client.until("\r\n\r\n");
    backend.destroy();
    await client.closed;
    expect(client.received()).not.toContain("\r\n0\r\n");
  },
);

test("a client that leaves in the middle takes the backend's connection with it", async () => {
  const client = await connectRaw(stage, gateway.port);
  client.send("GET /held HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n");
  const backend = await nextHeld();
  await client.until("\r\n\r\n");
  const left = once(backend, "close");
  client.reset();
  await left;
});

test("HEAD has the fields of GET, apart from a length", async () => {
  const fieldsOf = async (method: string) => {
    const response = await ask(`${gateway.url}/small`, { method, ...accepting("br") });
    await response.bytes();
    const fields = new Map(response.headers);
    for (const name of ["date", "x-request-id", "content-length"]) fields.delete(name);
    return {
      fields: Object.fromEntries(fields),
      hasLength: response.headers.has("content-length"),
    };
  };
  const head = await fieldsOf("HEAD");
  expect(head).toEqual({ ...(await fieldsOf("GET")), hasLength: false });
  expect(head.fields).toMatchObject({ "content-encoding": "br", etag: 'W/"v1"' });
});

test("what is small, events, and what nobody accepts are sent as they are", async () => {
  const codingsOf = async (path: string, accepted: string) => {
    const response = await ask(gateway.url + path, accepting(accepted));
    const text = await response.text();
    return [response.headers.get("content-encoding"), text.length];
  };
  expect(await codingsOf("/tiny", "gzip")).toEqual([null, 2]);
  expect(await codingsOf("/events", "gzip")).toEqual([null, 5_008]);
  expect(await codingsOf("/small", "identity, gzip;q=0")).toEqual([null, SMALL.length]);
  const response = await ask(`${gateway.url}/small`, {
    headers: { "accept-encoding": "gzip", cookie: "session=1" },
  });
  expect([response.headers.get("content-encoding"), await response.text()]).toEqual([null, SMALL]);
});

test("a part is sent as it is", async () => {
  const response = await ask(`${gateway.url}/file`, {
    headers: { "accept-encoding": "gzip", range: "bytes=10-2000" },
  });
  expect(response.status).toBe(206);
  expect(response.headers.get("content-encoding")).toBeNull();
  expect(response.headers.get("etag")).toBe('"v1"');
  expect(await response.text()).toBe(SMALL.slice(10, 2_001));
});

test("a client revalidates, and changes, by the tag that it got", async () => {
  const first = await ask(`${gateway.url}/tagged`, accepting("gzip"));
  await first.bytes();
  const tag = first.headers.get("etag")!;
  expect(tag).toBe('W/"v1"');
  const second = await ask(`${gateway.url}/tagged`, {
    headers: { "accept-encoding": "gzip", "if-none-match": tag },
  });
  expect([second.status, second.headers.get("etag"), second.headers.get("vary")]).toEqual([
    304,
    tag,
    "Accept-Encoding",
  ]);
  const change = await ask(`${gateway.url}/change`, {
    method: "PUT",
    headers: { "if-match": tag },
  });
  expect(change.status).toBe(204);
});

test("a stored answer, and one that was transformed, is compressed for each client as it accepts", async () => {
  const both = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [
      {
        path: "/*",
        backends: [origin],
        compress: true,
        cache: true,
        response: { json: { remove: ["secret"] } },
      },
    ],
  });
  for (const coding of ["gzip", "identity", "zstd", "br", "gzip"] as const) {
    const response = await ask(`${both.url}/stored`, accepting(coding));
    const bytes = await response.bytes();
    expect(response.headers.get("content-encoding")).toBe(coding === "identity" ? null : coding);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    const text = coding === "identity" ? Buffer.from(bytes) : DECODE[coding](bytes);
    expect(text.toString()).toBe(`{"list":${SMALL}}`);
  }
  expect(stored).toBe(1);
  const tag = (await ask(`${both.url}/stored`, accepting("gzip"))).headers.get("etag")!;
  const known = { "accept-encoding": "gzip", "if-none-match": tag };
  expect((await ask(`${both.url}/stored`, { headers: known })).status).toBe(304);
});

test("a reload that turns it off leaves answers on their way as they are", async () => {
  const response = await ask(`${gateway.url}/held`, accepting("zstd"));
  const backend = await nextHeld();
  const decoded = decoding("zstd", response.body!);
  await decoded.until('{"line":1}\n');
  await gateway.reload(routesTo(origin, false));
  backend.end('{"line":2}\n');
  await decoded.over;
  expect(decoded.text()).toBe('{"line":1}\n{"line":2}\n');
  const next = await ask(`${gateway.url}/small`, accepting("zstd"));
  expect([next.headers.get("content-encoding"), next.headers.get("vary")]).toEqual([null, null]);
  await next.bytes();
});

test("rows have the bytes that were sent, and why an answer broke off", async () => {
  await gateway.stop();
  const rows = gateway.rows();
  const small = rows.find(({ path, status_code }) => path === "/small" && status_code === 200)!;
  expect(small.bytes_out).toBeLessThan(SMALL.length / 3);
  const codes = rows.map(({ error_code }) => error_code).filter((code) => code !== null);
  expect(codes.toSorted()).toEqual([
    ...Array.from({ length: 3 }, () => "backend_answer_incomplete"),
    "client_closed",
  ]);
});
