import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { startGrpcClient, startGrpcServer } from "../support/grpc.ts";
import { unusedPort } from "../support/socket-server.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** A gateway between a gRPC client and the backend at a port. */
async function startBefore(port: number, config: Partial<TestConfig> = {}, route: object = {}) {
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    ...config,
    routes: [
      {
        path: "/*",
        backends: [`http://127.0.0.1:${port}`],
        protocol: "http2",
        ...route,
      },
    ],
  });
  return { gateway, client: startGrpcClient(stage, `127.0.0.1:${gateway.port}`) };
}

describe("gRPC through the gateway", () => {
  test("carries a call with metadata, also binary, both ways", async () => {
    const server = await startGrpcServer(stage);
    const { gateway, client } = await startBefore(server.port);
    const metadata = new Metadata();
    metadata.set("x-text", "some text");
    metadata.set("x-bytes-bin", Buffer.from([0, 1, 254, 255]));
    const outcome = await client.unary("unary", "hello", { metadata, timeout: 20_000 });
    expect(outcome).toMatchObject({ code: status.OK, messages: ["unary hello"] });
    expect(outcome.metadata.get("x-text")).toEqual(["some text"]);
    expect(outcome.metadata.get("x-bytes-bin")).toEqual([Buffer.from([0, 1, 254, 255])]);
    const [row] = await gateway.waitForRows(1);
    expect(row).toMatchObject({
      method: "POST",
      path: "/test.Echo/Unary",
      status_code: 200,
      error_code: null,
      grpc_status: 0,
    });
  });

  test("carries streams of the client, of the server and of both", async () => {
    const server = await startGrpcServer(stage);
    const { client } = await startBefore(server.port);
    const pieces = Array.from({ length: 40 }, () => Buffer.alloc(100_000, "x"));
    expect(await client.upload(pieces)).toMatchObject({
      code: status.OK,
      messages: ["4000000 bytes"],
    });
    expect(await client.download()).toMatchObject({
      code: status.OK,
      messages: ["message 0", "message 1", "message 2"],
    });
    const { call, messages, first, outcome } = client.both();
    call.write(Buffer.from("a"));
    await first;
    expect(messages).toEqual(["echo a"]);
    call.write(Buffer.from("b"));
    call.end();
    expect(await outcome).toMatchObject({ code: status.OK, messages: ["echo a", "echo b"] });
  });

  test("carries the server's own errors, which come without content", async () => {
    const server = await startGrpcServer(stage);
    const { gateway, client } = await startBefore(server.port);
    expect(await client.unary("fail", "x")).toMatchObject({
      code: status.NOT_FOUND,
      details: "nichts gefunden für 100 %",
    });
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 200, error_code: null, grpc_status: 5 },
    ]);
  });

  test("passes deadlines on, and a cancelled call ends at the server", async () => {
    const server = await startGrpcServer(stage);
    const { client } = await startBefore(server.port);
    expect(await client.unary("hang", "x", { timeout: 300 })).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await eventually(() => server.cancelled() === 1);
    const { call, first, outcome } = client.both();
    call.write(Buffer.from("a"));
    await first;
    call.cancel();
    expect(await outcome).toMatchObject({ code: status.CANCELLED });
    await eventually(() => server.cancelled() === 2);
  });

  test("goes on after the server has been killed and started again", async () => {
    const server = await startGrpcServer(stage);
    const { client } = await startBefore(server.port);
    expect(await client.unary("unary", "x")).toMatchObject({ code: status.OK });
    const { call, first, outcome } = client.both();
    call.write(Buffer.from("a"));
    await first;
    server.kill();
    expect(await outcome).toMatchObject({ code: status.UNAVAILABLE });
    expect(await client.unary("unary", "x")).toMatchObject({ code: status.UNAVAILABLE });
    await startGrpcServer(stage, { port: server.port });
    expect(await client.unary("unary", "x")).toMatchObject({ code: status.OK });
  });
});

describe("an error of the gateway for a gRPC client", () => {
  test("is UNAVAILABLE when no backend can be reached, and the row keeps its code", async () => {
    const { gateway, client } = await startBefore(await unusedPort());
    expect(await client.unary("unary", "x")).toMatchObject({
      code: status.UNAVAILABLE,
      details: "the backend refuses connections",
    });
    expect(await gateway.waitForRows(1)).toMatchObject([
      { status_code: 200, error_code: "backend_unreachable", grpc_status: 14 },
    ]);
  });

  test("is UNIMPLEMENTED without a route, RESOURCE_EXHAUSTED above a limit", async () => {
    const server = await startGrpcServer(stage);
    const rateLimit = { rate_limit: { requests_per_second: 1, burst: 1 } };
    const { client } = await startBefore(server.port, {}, { path: "/test.Echo/*", ...rateLimit });
    expect(await client.unary("unary", "x")).toMatchObject({ code: status.OK });
    expect(await client.unary("unary", "x")).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const other = await startBefore(server.port, {}, { path: "/other" });
    expect(await other.client.unary("unary", "x")).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test("is DEADLINE_EXCEEDED at its own timeouts, also in the middle of an answer", async () => {
    const server = await startGrpcServer(stage);
    const { client } = await startBefore(server.port, {}, { timeouts: { response: "200ms" } });
    expect(await client.unary("hang", "x")).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await eventually(() => server.cancelled() === 1);
    const slow = await startBefore(server.port, {}, { timeouts: { exchange: "500ms" } });
    const { call, first, outcome } = slow.client.both();
    call.write(Buffer.from("a"));
    await first;
    expect(await outcome).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(await slow.gateway.waitForRows(1)).toMatchObject([
      { error_code: "exchange_timeout", grpc_status: 4 },
    ]);
  });
});

const local = issuedForAll("local", "IP:127.0.0.1,DNS:localhost");

test.skipIf(!hasOpenssl)("gRPC goes through the gateway over TLS on both sides", async () => {
  const file = (name: string) => readFileSync(join(local.folder, name));
  const pair = { private_key: file("local.key"), cert_chain: file("local.pem") };
  const server = await startGrpcServer(stage, {
    tls: ServerCredentials.createSsl(null, [pair]),
  });
  for (const protocol of ["http2", "auto"]) {
    const certificate = {
      certificate: join(local.folder, "local.pem"),
      key: join(local.folder, "local.key"),
    };
    const gateway = await startGateway(stage, {
      server: { tls: { port: 0, certificates: [certificate] } },
      health_check: { grpc: true },
      routes: [
        {
          path: "/*",
          backends: [`https://127.0.0.1:${server.port}`],
          protocol,
          tls: { ca: join(local.folder, "ca.pem") },
        },
      ],
    });
    const { port } = new URL(gateway.tlsUrl);
    const secure = credentials.createSsl(file("ca.pem"));
    const client = startGrpcClient(stage, `localhost:${port}`, secure);
    expect(await client.unary("unary", "hello")).toMatchObject({
      code: status.OK,
      messages: ["unary hello"],
    });
    expect(await client.upload([Buffer.alloc(1_000_000)])).toMatchObject({
      code: status.OK,
      messages: ["1000000 bytes"],
    });
    expect(await client.download()).toMatchObject({ code: status.OK });
    const { call, first, outcome } = client.both();
    call.write(Buffer.from("a"));
    await first;
    call.end();
    expect(await outcome).toMatchObject({ code: status.OK, messages: ["echo a"] });
  }
});

test("a gRPC server is checked by its health service", async () => {
  const server = await startGrpcServer(stage);
  const { gateway, client } = await startBefore(server.port, {
    health_check: { grpc: true, interval: "100ms", unhealthy_after: 1 },
  });
  expect(await client.unary("unary", "x")).toMatchObject({ code: status.OK });
  server.serve(false);
  await eventually(() => gateway.lines.matching(/answered NOT_SERVING/).length > 0);
  expect(await client.unary("unary", "x")).toMatchObject({ code: status.UNAVAILABLE });
  server.serve(true);
  await eventually(() => gateway.lines.matching(/is healthy again/).length > 0);
  expect(await client.unary("unary", "x")).toMatchObject({ code: status.OK });
});
