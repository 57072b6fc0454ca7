import { describe, expect, test } from "bun:test";
import type { ServerHttp2Stream } from "node:http2";
import { systemClock } from "../../../src/time/clock.ts";
import { checkRequest } from "../../../src/transport/grpc-health.ts";
import { networkProbe } from "../../../src/transport/probe.ts";
import { judgeAnswer } from "../../../src/upstream/health/verdict.ts";
import { eventually } from "../../support/eventually.ts";
import { createStage } from "../../support/stage.ts";
import { http2At, startHttp2Backend } from "./http2/support.ts";

const stage = createStage();

/** Asks a server that answers each call as a test says, and judges what it says. */
async function check(
  service: string,
  answer: (stream: ServerHttp2Stream, request: Buffer) => void,
) {
  const paths: unknown[] = [];
  const { origin, sessions } = await startHttp2Backend(stage, (stream, headers) => {
    paths.push(headers[":path"]);
    const pieces: Buffer[] = [];
    stream.on("data", (bytes: Buffer) => pieces.push(bytes));
    stream.on("end", () => answer(stream, Buffer.concat(pieces)));
  });
  const request = { to: http2At(origin), path: "/", grpcService: service };
  const { signal } = new AbortController();
  const found = await networkProbe(systemClock)(request, signal);
  await eventually(() => sessions.every(({ destroyed, closed }) => destroyed || closed));
  expect(paths).toEqual(["/grpc.health.v1.Health/Check"]);
  return judgeAnswer(found, { ...request, isPathChosen: false });
}

function answerWith(stream: ServerHttp2Stream, message: number[], trailers: object): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
  stream.end(Buffer.from(message));
}

const SERVING = [0, 0, 0, 0, 2, 8, 1];

describe("a check by gRPC", () => {
  test("succeeds if the server is serving, and asks about the service", async () => {
    let asked: Buffer | undefined;
    const verdict = await check("shop.Orders", (stream, request) => {
      asked = request;
      answerWith(stream, SERVING, { "grpc-status": "0" });
    });
    expect(verdict).toEqual({ succeeded: true, reason: "answered SERVING" });
    expect(asked).toEqual(Buffer.from("\0\0\0\0\x0d\x0a\x0bshop.Orders", "latin1"));
  });

  test("asks about the whole server with an empty message", () => {
    expect([...checkRequest("")]).toEqual([0, 0, 0, 0, 0]);
  });

  test.each([
    ["NOT_SERVING", [0, 0, 0, 0, 2, 8, 2], {}, "answered NOT_SERVING"],
    ["UNKNOWN, which is left out on the wire", [0, 0, 0, 0, 0], {}, "answered UNKNOWN"],
    ["no message", [], {}, "answered UNKNOWN"],
    ["an unknown service", [], { "grpc-status": "5" }, 'knows no service "shop.Orders"'],
    ["another status", [], { "grpc-status": "14", "grpc-message": "a%20b" }, "status 14 (a b)"],
    ["no status", SERVING, { "grpc-status": "" }, "answered 200 without a grpc-status"],
  ])("fails with %s", async (_, message, trailers, reason) => {
    const verdict = await check("shop.Orders", (stream) =>
      answerWith(stream, message, { "grpc-status": "0", ...trailers }),
    );
    expect(verdict.succeeded).toBe(false);
    expect(verdict.reason).toContain(reason);
  });

  test("of a server without the health service says what to do", async () => {
    const verdict = await check("", (stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": "12" },
        { endStream: true },
      );
    });
    expect(verdict).toMatchObject({
      succeeded: false,
      reason: "has no grpc.health.v1.Health service",
    });
    expect(verdict.remedy).toContain("`health_check.grpc: false`");
  });
});
