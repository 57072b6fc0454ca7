import { expect, test } from "bun:test";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";

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

test("a signal that is asked for after the cancellation has aborted", () => {
  const cancellation = new Cancellation();
  cancellation.cancel(new GatewayError("client_closed", "gone"));
  expect(cancellation.signal.aborted).toBe(true);
});

test("an operation in progress gets the first reason, once, and the connection after it", () => {
  const heard: string[] = [];
  const hear = (who: string) => ({
    interrupt: ({ code }: GatewayError) => void heard.push(`${who} ${code}`),
  });
  const cancellation = new Cancellation(hear("connection"));
  cancellation.interrupts(hear("operation"));
  cancellation.cancel(new GatewayError("request_timeout", "late"));
  cancellation.cancel(new GatewayError("client_closed", "gone"));
  expect(heard).toEqual(["operation request_timeout", "connection request_timeout"]);
});

test("what others wait for outlives its client, and nothing else", () => {
  const cancellation = new Cancellation();
  const asked: string[] = [];
  cancellation.outlives = ({ code }) => {
    asked.push(code);
    return asked.length === 1;
  };
  const gone = new GatewayError("client_closed", "gone");
  cancellation.cancel(gone);
  expect(cancellation.reason).toBeUndefined();
  cancellation.cancel(gone);
  expect(cancellation.reason).toBe(gone);

  const late = new Cancellation();
  late.outlives = () => true;
  late.cancel(new GatewayError("exchange_timeout", "late"));
  expect(late.reason?.code).toBe("exchange_timeout");
  expect(asked).toEqual(["client_closed", "client_closed"]);
});
