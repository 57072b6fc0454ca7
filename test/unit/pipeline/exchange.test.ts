import { expect, test } from "bun:test";
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
