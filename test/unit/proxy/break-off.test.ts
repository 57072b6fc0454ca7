import { expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { BreakOff } from "../../../src/proxy/break-off.ts";

test("nothing is broken off without a reason, and the first reason stays", () => {
  const breakOff = new BreakOff();
  expect(breakOff.reason).toBeUndefined();
  expect(breakOff.signal.aborted).toBe(false);
  const first = new GatewayError("backend_timeout", "late");
  breakOff.because(first);
  breakOff.because(new GatewayError("client_closed", "gone"));
  expect(breakOff.reason).toBe(first);
  expect(breakOff.signal.aborted).toBe(true);
});

test("a client that leaves breaks off what is done for it, and one that has left does so at once", () => {
  const client = new AbortController();
  const [waiting, late] = [new BreakOff(client), new BreakOff(client)];
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
  const breakOff = new BreakOff();
  const heard: GatewayError[] = [];
  breakOff.interrupts({ interrupt: (reason) => void heard.push(reason) });
  const first = new GatewayError("request_timeout", "late");
  breakOff.because(first);
  breakOff.because(new GatewayError("client_closed", "gone"));
  expect(heard).toEqual([first]);
});
