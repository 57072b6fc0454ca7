import { describe, expect, test } from "bun:test";
import { fieldOf } from "../../../src/http/field.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { IncomingContent } from "../../../src/pipeline/incoming-content.ts";
import { GrpcContent } from "../../../src/proxy/grpc-content.ts";
import { openExchange } from "../pipeline/opening.ts";
import { rejection } from "./network.ts";

function start() {
  const exchange = openExchange();
  const abandoned: unknown[] = [];
  const source = new IncomingContent(undefined, {
    pause() {},
    resume() {},
    abandon: (reason) => abandoned.push(reason),
  });
  return { exchange, source, abandoned, content: new GrpcContent(source, exchange) };
}

describe("the content of a gRPC answer", () => {
  test("passes with its trailers, and its status is noted", async () => {
    const { exchange, source, content } = start();
    source.push(Buffer.from("message"));
    const trailers = [fieldOf("grpc-status", "5"), fieldOf("x-a-bin", "AAE=")];
    source.finish(trailers);
    expect(await content.read()).toEqual({ done: false, value: Buffer.from("message") });
    expect(await content.read()).toEqual({ done: true });
    expect(content.trailers).toBe(trailers);
    expect(exchange).toMatchObject({ grpcStatus: 5, errorCode: undefined });
  });

  test("that breaks off ends with a status that says why", async () => {
    const { exchange, source, content } = start();
    const reading = content.read();
    source.fail(new GatewayError("exchange_timeout", "took too long"));
    expect(await reading).toEqual({ done: true });
    expect(content.trailers).toMatchObject([
      { name: "grpc-status", value: "4" },
      { name: "grpc-message", value: "took too long" },
    ]);
    expect(exchange).toMatchObject({ grpcStatus: 4, errorCode: "exchange_timeout" });
  });

  test("breaks off for a client that has left", async () => {
    const { exchange, source, content } = start();
    const reading = rejection(content.read());
    const reason = new GatewayError("client_closed", "gone");
    exchange.cancellation.cancel(reason);
    source.fail(reason);
    expect(await reading).toBe(reason);
    expect(content.trailers).toBeUndefined();
  });

  test("is abandoned when nobody wants the rest", async () => {
    const { content, abandoned } = start();
    await content.cancel("enough");
    expect(abandoned).toEqual(["enough"]);
  });
});
