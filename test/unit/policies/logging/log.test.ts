import { expect, test } from "bun:test";
import { log } from "../../../../src/policies/logging/log.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { policyFrom } from "../chain.ts";

test("a route decides of which of its exchanges there are rows", () => {
  for (const rows of ["errors", "off"] as const) {
    for (const written of [rows, { rows }]) {
      const exchange = openExchange();
      void policyFrom(log.route, written)?.request?.(exchange);
      expect(exchange.logged).toBe(rows);
    }
  }
});

test("what is as usual needs no policy", () => {
  expect(policyFrom(log.route, "all")).toBeUndefined();
  expect(policyFrom(log.route, {})).toBeUndefined();
  expect(policyFrom(log.route, false)?.secondPart).toBeUndefined();
});
