import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { converse, message } from "../support/raw-http.ts";
import { startSocketServer } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";
import { startHttp2Backend } from "../unit/transport/http2/support.ts";

const stage = createStage();
const local = issuedForAll("local", "IP:127.0.0.1,DNS:localhost");

const startBefore = (backends: string[], route: object = {}, environment = {}) =>
  startGateway(
    stage,
    { health_check: noHealthChecks, routes: [{ path: "/*", backends, ...route }] },
    { env: environment },
  );

describe("a client of HTTP/1.1 and a backend of HTTP/2", () => {
  test("exchange chunks, trailers and early hints", async () => {
    const trailers: unknown[] = [];
    const { origin } = await startHttp2Backend(stage, (stream) => {
      let text = "";
      stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
      stream.on("data", (bytes: Buffer) => {
        text += bytes.toString();
      });
      stream.on("trailers", (fields) => trailers.push(fields["x-sum"]));
      stream.on("end", () => {
        stream.respond({ ":status": 200 }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-status": "done" }));
        stream.end(`got ${text}`);
      });
    });
    const gateway = await startBefore([origin], { protocol: "http2" });
    const received = await converse(
      gateway.port,
      message(
        [
          "POST /a HTTP/1.1",
          "Host: client.test",
          "Connection: close, TE",
          "TE: trailers",
          "Transfer-Encoding: chunked",
          "Trailer: X-Sum",
        ],
        "2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 7\r\n\r\n",
      ),
    );
    expect(received).toContain("HTTP/1.1 103 ");
    expect(received).toContain("link: </a.css>; rel=preload\r\n");
    expect(received).toContain("HTTP/1.1 200 ");
    expect(received).toContain("got abc");
    expect(received).toEndWith("0\r\nx-status: done\r\n\r\n");
    expect(trailers).toEqual(["7"]);
  });

  test("share few connections, however many requests there are at a time", async () => {
    const { origin, sessions } = await startHttp2Backend(stage, (stream, headers) => {
      stream.respond({ ":status": 200 });
      stream.end(String(headers[":path"]));
    });
    const gateway = await startBefore([origin], { protocol: "http2" });
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (_, index) =>
        (await ask(`${gateway.url}/${index}`)).text(),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 150 }, (_, index) => `/${index}`));
    expect(sessions.length).toBeLessThanOrEqual(2);
  });

  test("that does not speak it is a 502 with the remedy", async () => {
    const backend = await startRawBackend(stage);
    const gateway = await startBefore([backend.url], { protocol: "http2" });
    const asking = ask(gateway.url);
    const request = await backend.next();
    request.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    request.end();
    const problem = await problemOf(await asking);
    expect(problem).toMatchObject({ status: 502, code: "backend_protocol_error" });
    expect(problem.detail).toContain("set `protocol: http1`");
  });
});

test("a backend of HTTP/2 that is asked in HTTP/1.1 is a 502 with the remedy", async () => {
  const { origin } = await startHttp2Backend(stage, () => {});
  const gateway = await startBefore([origin]);
  const problem = await problemOf(await ask(gateway.url));
  expect(problem).toMatchObject({ status: 502, code: "backend_protocol_error" });
  expect(problem.detail).toContain("set `protocol: http2`");
});

describe("a backend at a Unix socket", () => {
  test("gets requests and checks, and is named in the row as in the configuration", async () => {
    const path = join(stage.folder(), "app.sock");
    const seen: string[] = [];
    const server = Bun.serve({
      unix: path,
      fetch(request, server) {
        seen.push(`${request.method} ${new URL(request.url).pathname}`);
        if (server.upgrade(request)) return undefined;
        return new Response(`host ${request.headers.get("host")}`);
      },
      websocket: { message: (socket, text) => void socket.send(`echo ${String(text)}`) },
    });
    stage.defer(() => server.stop(true));
    const gateway = await startGateway(stage, {
      health_check: { interval: "100ms" },
      routes: [
        { path: "/own/*", backends: [`unix:${path}`], preserve_host: false },
        { path: "/*", backends: [`unix:${path}`] },
      ],
    });
    expect(await (await ask(`${gateway.url}/own/a`)).text()).toBe("host localhost");
    expect(await (await ask(`${gateway.url}/a`)).text()).toBe(`host ${new URL(gateway.url).host}`);
    await eventually(() => seen.includes("GET /health"));
    const [row] = await gateway.waitForRows(2);
    expect(row).toMatchObject({ backend: `unix:${path}`, status_code: 200 });
    const listed = await (await ask(`${gateway.adminUrl}/admin/backends`)).text();
    expect(listed).toContain(`unix:${path}`);
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
    stage.defer(() => socket.terminate());
    const echoed = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
    });
    socket.addEventListener("open", () => socket.send("hello"));
    expect(await echoed).toBe("echo hello");
  });

  test("that nobody serves is a 502 that says so", async () => {
    const gateway = await startBefore([`unix:${join(stage.folder(), "none.sock")}`]);
    expect(await problemOf(await ask(gateway.url))).toMatchObject({
      code: "backend_unreachable",
      detail: "the backend's Unix socket does not exist",
    });
  });
});

describe("an egress proxy", () => {
  test("gets requests, and tunnels WebSockets; the environment's is ignored", async () => {
    const backend = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, server) {
        if (server.upgrade(request)) return undefined;
        return new Response("direct");
      },
      websocket: { message: (socket, text) => void socket.send(`echo ${String(text)}`) },
    });
    stage.defer(() => backend.stop(true));
    const lines: string[] = [];
    const proxy = await startSocketServer(stage, (socket) => {
      socket.once("data", (bytes: Buffer) => {
        const [line = ""] = bytes.toString().split("\r\n");
        lines.push(line);
        if (!line.startsWith("CONNECT")) {
          socket.write("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied");
          return;
        }
        const tunnel = connect(backend.port ?? 0, "127.0.0.1");
        tunnel.on("error", () => socket.destroy());
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        tunnel.pipe(socket).pipe(tunnel);
      });
    });
    const environment = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" };
    const gateway = await startGateway(
      stage,
      {
        health_check: noHealthChecks,
        routes: [
          { path: "/direct", backends: [backend.url.origin] },
          { path: "/*", backends: [backend.url.origin], proxy },
        ],
      },
      { env: environment },
    );
    expect(await (await ask(`${gateway.url}/direct`)).text()).toBe("direct");
    expect(await (await ask(`${gateway.url}/a?b`)).text()).toBe("proxied");
    const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
    stage.defer(() => socket.terminate());
    const echoed = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
    });
    socket.addEventListener("open", () => socket.send("hello"));
    expect(await echoed).toBe("echo hello");
    const { host } = backend.url;
    expect(lines).toEqual([`GET ${backend.url.origin}/a?b HTTP/1.1`, `CONNECT ${host} HTTP/1.1`]);
  });
});

test.skipIf(!hasOpenssl)(
  "a backend that does not finish its handshake is passed over",
  async () => {
    const silent = await startSocketServer(stage, () => {});
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: local.cert, key: local.key },
      fetch: () => new Response("the other one"),
    });
    stage.defer(() => server.stop(true));
    const backends = [silent.replace("http:", "https:"), `https://127.0.0.1:${server.port}`];
    const gateway = await startBefore(backends, {
      connect_timeout: "200ms",
      tls: { ca: join(local.folder, "ca.pem") },
    });
    for (let count = 0; count < 4; count += 1) {
      expect(await (await ask(gateway.url, { method: "POST" })).text()).toBe("the other one");
    }
  },
);

describe.skipIf(!hasOpenssl)("a backend with TLS", () => {
  test("is asked by HTTP/3 where that is configured", async () => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: local.cert, key: local.key },
      http3: true,
      http1: false,
      fetch: async (request) => new Response(`by HTTP/3 ${await request.text()}`),
    });
    stage.defer(() => server.stop(true));
    const gateway = await startBefore([`https://127.0.0.1:${server.port}`], {
      protocol: "http3",
      tls: { insecure_skip_verify: true },
    });
    const answered = await ask(gateway.url, { method: "POST", body: "content" });
    expect(await answered.text()).toBe("by HTTP/3 content");
    expect(await gateway.waitForRows(1)).toMatchObject([{ status_code: 200, bytes_in: 7 }]);
  });
});
