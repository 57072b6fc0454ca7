import { describe, expect, test } from "bun:test";
import { openExchange } from "./opening.ts";

test("an exchange begins with nothing having happened", () => {
  expect(openExchange({ method: "PUT" })).toMatchObject({
    method: "PUT",
    route: "",
    parameters: {},
    quotas: [],
    backend: "",
    attempts: [],
    status: 0,
    errorCode: undefined,
    errorDetail: "",
    bytesIn: 0,
    bytesOut: 0,
    headersAt: 0,
    ended: undefined,
  });
});

test("the first failure is the cause, and what follows from it does not replace it", () => {
  const exchange = openExchange();
  exchange.fail("backend_timeout", "first");
  exchange.fail("client_closed", "second");
  expect(exchange).toMatchObject({ errorCode: "backend_timeout", errorDetail: "first" });
});

describe("the client's end of a connection", () => {
  test("is known for a client that is connected directly", () => {
    const exchange = openExchange();
    exchange.peerPort = 1234;
    expect(exchange.clientConnection).toEqual({ address: "192.0.2.1", port: 1234 });
  });

  test.each(["via", "forwarded", "x-forwarded-for"])(
    "is unknown behind a proxy, which %s shows",
    (name) => {
      const exchange = openExchange({ fields: { [name]: "1.1 proxy" } });
      exchange.peerPort = 1234;
      expect(exchange.clientConnection).toBeUndefined();
    },
  );

  test("is unknown behind a trusted proxy, and where the listener does not know the port", () => {
    const behind = openExchange({ client: { viaTrustedProxy: true } });
    behind.peerPort = 1234;
    expect(behind.clientConnection).toBeUndefined();
    expect(openExchange().clientConnection).toBeUndefined();
  });
});
