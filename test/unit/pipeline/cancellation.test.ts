import { expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";

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

test("a client that leaves breaks off what is done for it, and one that has left does so at once", () => {
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

test("whoever is at something meanwhile hears of the first reason, and only once", () => {
  const cancellation = new Cancellation();
  const heard: GatewayError[] = [];
  cancellation.interrupts({ interrupt: (reason) => void heard.push(reason) });
  const first = new GatewayError("request_timeout", "late");
  cancellation.cancel(first);
  cancellation.cancel(new GatewayError("client_closed", "gone"));
  expect(heard).toEqual([first]);
});
