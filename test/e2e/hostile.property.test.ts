import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fc from "fast-check";
import { createServer, type Socket } from "node:net";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";
import { BrokenOff } from "../wire/incoming.ts";
import { Head } from "../wire/message.ts";
import { escapesRoute, oddities } from "../wire/strictness.ts";

const SEED = 20_260_101;
const RUNS = 300;
const TEST_TIMEOUT_MS = 120_000;
/** How long a client waits for an answer that may never come, as its request is not whole. */
const QUIET_MS = 100;
/** Longer than anything that the gateway of this file waits for. */
const PATIENCE_MS = 10_000;

const stage = createStage(afterAll);
let gateway: GatewayProcess;
let seen: Head[] = [];

beforeAll(async () => {
  gateway = await startGateway(stage, {
    server: { read_timeout: "500ms", write_timeout: "2s", idle_timeout: "2s" },
    health_check: noHealthChecks,
    routes: [
      { path: "/public/*", backends: [await startRecorder()] },
      // Nothing listens there: requests that bypass the one route get a 502, not a record.
      { path: "/admin/*", backends: ["http://127.0.0.1:9"] },
    ],
  });
});

/** A backend that keeps each head that comes, answers it and closes. */
function startRecorder(): Promise<string> {
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    record(socket);
  });
  stage.defer(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object") resolve(`http://127.0.0.1:${address?.port}`);
    });
  });
}

function record(socket: Socket): void {
  let text = "";
  let answered = false;
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end === -1 || answered) return;
    answered = true;
    seen.push(new Head(text.slice(0, end + 4)));
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
}

/** What is plain and, now and then, what is not: most heads are odd in one place or two. */
function mostly(plain: readonly string[], mean: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom(...plain) },
    { weight: 1, arbitrary: fc.constantFrom(...mean) },
  );
}

const meanText = fc.string({
  unit: fc.constantFrom(...Array.from("aZ0_-:;,= \t\r\n\0\x7f\x80\xff%/\\.\"'@#?[]{}<>()+*!~")),
  maxLength: 24,
});

const method = mostly(
  ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"],
  ["CONNECT", "TRACE", "get", "PRI", "PROPFIND", "G\0T", "GET ", " GET", "A".repeat(40), ""],
);

const segment = mostly(
  ["a", "users", "1", "%41", "%20"],
  ["..", ".", "%2e%2e", ".%2E", "%2f", "%5c", "\\", "%00", "%zz", "%", "//", "\0", "é", "#x", ";a"],
);

const target = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.array(segment, { maxLength: 5 }).map((parts) => `/public/${parts.join("/")}`),
  },
  { weight: 1, arbitrary: meanText.map((text) => `/public/${text}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "*",
      "",
      "public/a",
      "//public/a",
      "http://gateway/public/a",
      "http://other/public/../admin/a",
      "gateway:80",
      "/public/a?q=\0",
      `/public/${"a".repeat(20_000)}`,
    ),
  },
);

const version = mostly(
  ["HTTP/1.1"],
  ["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 ", "", "HTTP/9"],
);

const host = fc.oneof(
  { weight: 18, arbitrary: fc.constant("Host: gateway\r\n") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "Host:\r\n",
      "Host: a\r\nHost: b\r\n",
      "Host: a b\r\n",
      "Host: a,b\r\n",
      "Host: a/../b\r\n",
      "Host: [::1\r\n",
      "Host: gateway@other\r\n",
    ),
  },
  { weight: 1, arbitrary: meanText.map((text) => `Host: ${text}\r\n`) },
);

const framing = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 3, arbitrary: fc.nat(40).map((length) => `Content-Length: ${length}\r\n`) },
  { weight: 3, arbitrary: fc.constant("Transfer-Encoding: chunked\r\n") },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "Content-Length: 4\r\nContent-Length: 5\r\n",
      "Content-Length: 4, 4\r\n",
      "Content-Length: +4\r\n",
      "Content-Length: 0x4\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length:\r\n",
      "Content-Length : 4\r\n",
      "Content_Length: 4\r\n",
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, chunked\r\n",
      "Transfer-Encoding: ,chunked\r\n",
      "Transfer-Encoding: \x0bchunked\r\n",
      "Transfer-Encoding:\r\n chunked\r\n",
      "Transfer-Encoding: gzip\r\n",
      "Transfer-Encoding: identity\r\n",
      "Transfer_Encoding: chunked\r\n",
    ),
  },
);

const fieldName = mostly(
  ["X-Plain", "Accept", "Cookie", "Connection", "Expect", "Upgrade", "TE"],
  ["X Odd", "X\0", "", ":", "X_Forwarded_For", "Content-Length ", "é", "X\x7f"],
);
const fieldValue = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom("plain", "close", "keep-alive, X-Plain", "websocket", "Host"),
  },
  { weight: 1, arbitrary: meanText },
);
const field = fc.tuple(fieldName, fieldValue).map(([name, value]) => `${name}: ${value}`);
const lineEnd = mostly(["\r\n"], ["\n", "\r", "\r\r\n", "\r\n "]);

const content = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "4\r\nbody\r\n0\r\n\r\n",
      "0\r\n\r\n",
      "4\r\nbody0\r\n\r\n",
      "zz\r\n",
      "4;a=b\nbody\r\n0\r\n\r\n",
      "-1\r\n",
      "fffffffffffffffff\r\n",
      "0\r\nX: y\r\n\r\n",
      "GET /public/hidden HTTP/1.1\r\nHost: gateway\r\n\r\n",
    ),
  },
);

/** Framing with the content that it promises, or any of both. */
const framed = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ["", ""] as const,
      ["Content-Length: 0\r\n", ""] as const,
      ["Content-Length: 4\r\n", "body"] as const,
      ["Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"] as const,
    ),
  },
  { weight: 2, arbitrary: fc.tuple(framing, content) },
);

const request = fc
  .record({
    method,
    target,
    version,
    host,
    framed,
    fields: fc.array(fc.tuple(field, lineEnd), { maxLength: 6 }),
    firstEnd: lineEnd,
    /** How much of it all is sent. */
    share: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
  })
  .map((parts) => {
    const fields = parts.fields.flat().join("");
    const line = `${parts.method} ${parts.target} ${parts.version}${parts.firstEnd}`;
    const [framing, content] = parts.framed;
    const text = `${line}${parts.host}${framing}${fields}\r\n${content}`;
    return text.slice(0, Math.ceil(text.length * parts.share));
  });

/**
 * All that comes back. The client takes a first answer, or silence for a while, and then closes its
 * side, after which there is nothing left that the gateway could wait for.
 */
async function converse(bytes: string): Promise<{ text: string; how: string }> {
  const client = await Client.connect("127.0.0.1", gateway.port, QUIET_MS);
  const { incoming } = client;
  try {
    await client.send(bytes);
    const first = await incoming.until("\r\n\r\n").catch(restOf);
    client.end();
    incoming.patience = PATIENCE_MS;
    const rest = await incoming.all();
    return { text: Buffer.concat([first, rest.bytes]).toString("latin1"), how: rest.how };
  } finally {
    client.close();
  }
}

// Received bytes stay for the next reader.
function restOf(error: unknown): Buffer {
  if (error instanceof BrokenOff) return Buffer.alloc(0);
  throw error;
}

/** Whether the hidden request is one by itself, after one that has no content. */
function isBehindAnother(bytes: string): boolean {
  const first = bytes.slice(0, bytes.indexOf("GET /public/hidden"));
  const lengths = first.match(/content-length:[^\r]*/gi) ?? [];
  return (
    !first.startsWith("CONNECT") &&
    !/transfer.encoding/i.test(first) &&
    lengths.every((length) => /: *0$/.test(length))
  );
}

test(
  "no request head makes the gateway fail, hang, or hand its backend what can be read in two ways",
  async () => {
    let forwarded = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        seen = [];

        const { text, how } = await converse(bytes);

        expect(how).not.toBe("silent");
        expect(text).toMatch(/^(?:$|HTTP\/1\.1 [1-5][0-9]{2} )/);
        expect(text).not.toMatch(/(?:^|\r\n)HTTP\/1\.1 500 /);
        forwarded += seen.length;
        if (text.startsWith("HTTP/1.1 4")) refused += 1;
        for (const head of seen) {
          expect(oddities(head)).toEqual([]);
          expect(escapesRoute(head.line.split(" ")[1] ?? "")).toBe(false);
          if (head.line.includes("/hidden")) expect(isBehindAnother(bytes)).toBe(true);
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );

    // Otherwise this would prove nothing.
    expect(forwarded).toBeGreaterThan(RUNS / 10);
    expect(refused).toBeGreaterThan(RUNS / 10);
    const answer = await ask(`${gateway.url}/health`);
    expect(answer.status).toBe(200);
    expect(gateway.lines.matching(/failed in the gateway/)).toEqual([]);
    expect(gateway.errors.text).toBe("");
  },
  TEST_TIMEOUT_MS,
);
