import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation, OpenCancellations } from "../../../src/pipeline/cancellation.ts";

test("nothing is broken off without a reason, and the first reason stays", () => {
  const cancellation = new Cancellation();
  expect(cancellation.reason).toBeUndefined();
  expect(cancellation.signal.aborted).toBe(false);
  const first = new GatewayError("backend_timeout", "late");
  cancellation.cancel(first);
  cancellation.cancel(new GatewayError("client_closed", "gone"));
  expect(cancellation.reason).toBe(first);
  expect(cancellation.signal.aborted).toBe(true);
});

test("a client that leaves cancels its operations, and one that has left does so at once", () => {
  const client = new AbortController();
  const [waiting, late] = [new Cancellation(client), new Cancellation(client)];
  waiting.listenToClient();
  expect(waiting.reason).toBeUndefined();
  client.abort();
  late.listenToClient();
  for (const { reason, signal } of [waiting, late]) {
    expect(reason).toMatchObject({ code: "client_closed" });
    expect(signal.aborted).toBe(true);
  }
});

test("an operation in progress gets the first reason, and only once", () => {
  const cancellation = new Cancellation();
  const heard: GatewayError[] = [];
  cancellation.interrupts({ interrupt: (reason) => void heard.push(reason) });
  const first = new GatewayError("request_timeout", "late");
  cancellation.cancel(first);
  cancellation.cancel(new GatewayError("client_closed", "gone"));
  expect(heard).toEqual([first]);
});

describe("exchanges that the gateway cuts", () => {
  const stopping = new GatewayError("gateway_stopping", "the gateway is stopping");

  test("are all that have listened for a while, and those that listen later", () => {
    const open = new OpenCancellations();
    const [early, late] = [new Cancellation(undefined, open), new Cancellation(undefined, open)];
    early.listenToClient();
    open.cancelAll(stopping);
    expect(early.reason).toBe(stopping);
    expect(late.reason).toBeUndefined();
    late.listenToClient();
    expect(late.reason).toBe(stopping);
  });

  test("say so, though the gateway has closed the client's connection by then", () => {
    const open = new OpenCancellations();
    const cancellation = new Cancellation({ signal: AbortSignal.abort() }, open);
    open.cancelAll(stopping);
    cancellation.listenToClient();
    expect(cancellation.reason).toBe(stopping);
  });

  test("are none of those that are over", () => {
    const open = new OpenCancellations();
    const cancellation = new Cancellation(undefined, open);
    cancellation.listenToClient();
    cancellation.close();
    open.cancelAll(stopping);
    expect(cancellation.reason).toBeUndefined();
  });
});
