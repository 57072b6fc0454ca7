import { afterAll, beforeAll, expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answer, type RawBackend, startRawBackend } from "../support/raw-backend.ts";
import { converse } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
let backend: RawBackend;
let gateway: GatewayProcess;

beforeAll(async () => {
  backend = await startRawBackend(stage, (request) => {
    request.send(answer([]));
    request.end();
  });
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
});

const POST = "POST / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n";
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: gateway\r\n\r\n";

test.each([
  [
    "both Content-Length and Transfer-Encoding",
    `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ],
  [
    "two different lengths",
    `${POST}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ],
  ["a list of lengths", `${POST}Content-Length: 0, 5\r\n\r\nhello`],
  ["a signed length", `${POST}Content-Length: +5\r\n\r\nhello`],
  ["a hexadecimal length", `${POST}Content-Length: 0x5\r\n\r\nhello`],
  [
    "an unknown transfer coding after chunked",
    `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ],
  ["a space before the colon", `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["a folded field", `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ["a line that ends without CR", `POST / HTTP/1.1\nHost: gateway\nContent-Length: 0\n\n${HIDDEN}`],
  ["a control byte in a field", `${POST}X-Odd: a\x01b\r\n\r\n`],
  ["a DEL in a field", `${POST}X-Odd: a\x7fb\r\nContent-Length: 0\r\n\r\n`],
  ["a lookalike of Content-Length", `${POST}Content_Length: 5\r\n\r\n`],
  ["a lookalike of Transfer-Encoding", `${POST}Transfer_Encoding: chunked\r\n\r\n`],
  [
    "an empty element before chunked",
    `${POST}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ],
])("a request with %s is refused and reaches no backend", async (_, request) => {
  const before = backend.requests.length;

  const text = await converse(gateway.port, request);
  await ask(`${gateway.url}/afterwards`);

  expect(text).toMatch(/^(HTTP\/1\.1 [45]|$)/);
  const arrived = backend.requests.slice(before).map(({ lines }) => lines[0]);
  expect(arrived).toEqual(["GET /afterwards HTTP/1.1"]);
});

test("an invalid chunk size ends the request, and nothing after it is taken for another", async () => {
  const before = backend.requests.length;
  const chunked = `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n${HIDDEN}`;

  await converse(gateway.port, chunked);
  await ask(`${gateway.url}/afterwards`);

  // The header section was good, so the backend may have seen it.
  const arrived = backend.requests.slice(before).map(({ lines }) => lines[0]);
  expect(arrived).not.toContain("GET /hidden HTTP/1.1");
});

test("bytes after a request's end are not forwarded with it", async () => {
  const before = backend.requests.length;

  const text = await converse(gateway.port, `${POST}Content-Length: 0\r\n\r\nbogus\r\n\r\n`);

  expect(text).toStartWith("HTTP/1.1 200");
  expect(backend.requests).toHaveLength(before + 1);
});
