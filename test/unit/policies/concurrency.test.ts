import { describe, expect, test } from "bun:test";
import { concurrency } from "../../../src/policies/concurrency/concurrency.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { openExchange } from "../pipeline/opening.ts";
import { decode, policyFrom } from "./chain.ts";

const { route } = concurrency;

function ask(policy: ReturnType<typeof policyFrom>, exchange: Exchange): boolean {
  try {
    void policy!.request!(exchange);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: "too_many_in_progress", fields: { "retry-after": "1" } });
    return false;
  }
}

describe("a limit on requests in progress", () => {
  test("refuses those beyond it until one has ended", () => {
    const policy = policyFrom(route, 2);
    const first = openExchange();
    expect(ask(policy, first)).toBe(true);
    expect(ask(policy, openExchange())).toBe(true);
    expect(ask(policy, openExchange())).toBe(false);
    first.ended();
    expect(ask(policy, openExchange())).toBe(true);
    expect(ask(policy, openExchange())).toBe(false);
  });

  test("by client counts each address, and an IPv6 network of 64 bits as one", () => {
    const policy = policyFrom(route, { limit: 1, key: "client_ip" });
    const from = (address: string) => ask(policy, openExchange({ client: { address } }));
    expect(from("192.0.2.1")).toBe(true);
    expect(from("192.0.2.2")).toBe(true);
    expect(from("192.0.2.1")).toBe(false);
    expect(from("2001:db8::1")).toBe(true);
    expect(from("2001:db8::2")).toBe(false);
  });

  test("by a text counts each value, and requests without it together", () => {
    const policy = policyFrom(route, { limit: 1, key: "{header.x-tenant}" });
    const of = (fields: Record<string, string>) => ask(policy, openExchange({ fields }));
    expect(of({ "x-tenant": "a" })).toBe(true);
    expect(of({ "x-tenant": "b" })).toBe(true);
    expect(of({ "x-tenant": "a" })).toBe(false);
    expect(of({})).toBe(true);
    expect(of({})).toBe(false);
  });

  test("that a route turns off is none", () => {
    expect(policyFrom(route, false)).toBeUndefined();
  });

  test.each([[0], [{ limit: 1, key: "tenant" }], [{ limit: 1, key: "{header}" }], [true]])(
    "cannot be %p",
    (written) => {
      expect(() => decode(route, written)).toThrow();
    },
  );
});
