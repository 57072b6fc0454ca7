import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { clientRequest } from "../../support/client-request.ts";
import { openExchange } from "./opening.ts";

test("an exchange begins with nothing having happened", () => {
  expect(openExchange({ method: "PUT" })).toMatchObject({
    method: "PUT",
    route: "",
    parameters: {},
    charged: undefined,
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

test("a failure is forgotten when the client gets a good answer all the same", () => {
  const exchange = openExchange();
  exchange.fail("backend_timeout", "late");
  exchange.status = 504;
  exchange.recover();
  expect([exchange.errorCode, exchange.errorDetail, exchange.status]).toEqual([undefined, "", 0]);
});

test("a fork asks the backend the same, and what becomes of it is its own", () => {
  const exchange = openExchange({ fields: { "x-kind": "a" } });
  exchange.route = "/things";
  exchange.outgoing.set("x-auth-subject", "ann");
  exchange.outgoing.path = "/v2/things";
  const fork = exchange.fork(clientRequest({ fields: [] }));
  expect(fork.route).toBe("/things");
  expect(fork.outgoing.path).toBe("/v2/things");
  expect(fork.outgoing.get("x-auth-subject")).toBe("ann");
  expect(fork.outgoing.get("x-kind")).toBe("a");
  fork.outgoing.set("x-kind", "b");
  fork.cancellation.cancel(new GatewayError("backend_timeout", "late"));
  fork.ended();
  expect(exchange.outgoing.get("x-kind")).toBe("a");
  expect(exchange.cancellation.reason).toBeUndefined();
});
