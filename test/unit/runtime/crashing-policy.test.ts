import { describe, expect, test } from "bun:test";
import { Chain } from "../../../src/pipeline/chain.ts";
import type { Policy } from "../../../src/pipeline/policy.ts";
import { RouteTable } from "../../../src/routing/table.ts";
import type { CompiledRoute, Snapshot } from "../../../src/runtime/snapshot/snapshot.ts";
import { problemOf } from "../../support/ask.ts";
import { drip } from "../proxy/network.ts";
import { world } from "./world.ts";

describe("a policy that crashes", () => {
  /** The snapshot with a policy in front of each route's backends; here routes have no others. */
  const inFront =
    (policy: Policy) =>
    (snapshot: Snapshot): Snapshot => ({
      ...snapshot,
      table: RouteTable.compile(
        snapshot.routes.map((route): CompiledRoute => ({
          ...route,
          chain: new Chain([policy], snapshot.toProblem),
        })),
      ),
    });
  const isBad = ({ target }: { target: { path: string } }) => target.path === "/api/bad";

  test("on the way in harms that request alone", async () => {
    const { ask, crashes, gateway } = world({
      change: inFront({
        name: "crashes",
        async request(exchange) {
          return isBad(exchange) ? fail(new TypeError("secret")) : undefined;
        },
      }),
    });
    const [good, bad] = await Promise.all([ask("/api/good"), ask("/api/bad")]);
    expect(good.status).toBe(200);
    expect(await problemOf(bad)).toMatchObject({ status: 500, request_id: "id-2" });
    expect(crashes).toEqual([{ requestId: "id-2", error: new TypeError("secret") }]);
    expect(gateway.inFlight).toBe(0);
  });

  test.each([
    ["a small answer", () => new Response("12345", { headers: { "content-length": "5" } })],
    ["an answer that is passed on", () => new Response(drip().stream)],
  ])("by setting what is no field of %s harms that request alone", async (_what, answer) => {
    const { ask, crashes, records, gateway } = world({
      answer,
      change: inFront({
        name: "crashes",
        response(exchange, { fields }) {
          if (isBad(exchange)) fields.set("x-a", "secret\nx-b: 1");
        },
      }),
    });
    const bad = await ask("/api/bad");
    expect(bad.headers.has("x-a")).toBe(false);
    expect(JSON.stringify(await problemOf(bad))).not.toContain("secret");
    expect(crashes).toMatchObject([{ requestId: "id-1" }]);
    expect(records).toMatchObject([{ statusCode: 500, errorCode: "internal_error" }]);
    const good = await ask("/api/good");
    expect(good.status).toBe(200);
    await good.body?.cancel();
    await gateway.whenIdle();
  });

  test("on the way out of a small answer harms that request alone", async () => {
    const { ask, records } = world({
      answer: () => new Response("12345", { headers: { "content-length": "5" } }),
      change: inFront({ name: "crashes", response: () => fail(new TypeError("secret")) }),
    });
    const response = await ask("/api/a");
    expect(response.status).toBe(500);
    expect(records).toMatchObject([{ statusCode: 500, errorCode: "internal_error" }]);
  });

  // The content of the discarded answer is never read and never ends.
  test("on the way out of a streamed answer ends the exchange all the same", async () => {
    const source = drip();
    const { ask, records, gateway } = world({
      answer: () => new Response(source.stream),
      change: inFront({ name: "crashes", response: () => fail(new TypeError("secret")) }),
    });
    await (await ask("/api/a")).text();
    expect(source.state.cancelled).toBeDefined();
    expect(gateway.inFlight).toBe(0);
    expect(records).toMatchObject([{ statusCode: 500, errorCode: "internal_error" }]);
  });
});

function fail(error: Error): never {
  throw error;
}
