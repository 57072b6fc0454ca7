import { describe, expect, test } from "bun:test";
import { openExchange } from "./opening.ts";

test("an exchange begins with nothing having happened", () => {
  expect(openExchange({ method: "PUT" })).toMatchObject({
    method: "PUT",
    route: "",
    parameters: {},
    quotas: [],
    attempts: [],
    status: 0,
    errorCode: undefined,
    errorDetail: "",
    bytesIn: 0,
    bytesOut: 0,
    headersAt: 0,
  });
});

test("the first failure is the cause, and what follows from it does not replace it", () => {
  const exchange = openExchange();
  exchange.fail("backend_timeout", "first");
  exchange.fail("client_closed", "second");
  expect(exchange).toMatchObject({ errorCode: "backend_timeout", errorDetail: "first" });
});

describe("the connection that a request came by", () => {
  test("is known for a client that is connected directly", () => {
    const exchange = openExchange();
    expect(exchange.clientConnection).toBe(exchange.request.connection);
  });

  test.each(["via", "forwarded", "x-forwarded-for"])(
    "is unknown behind a proxy, which %s shows",
    (name) => {
      const exchange = openExchange({ fields: { [name]: "1.1 proxy" } });
      expect(exchange.clientConnection).toBeUndefined();
    },
  );

  test("is unknown behind a trusted proxy", () => {
    const behind = openExchange({ client: { viaTrustedProxy: true } });
    expect(behind.clientConnection).toBeUndefined();
  });
});
