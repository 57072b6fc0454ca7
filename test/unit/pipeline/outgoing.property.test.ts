import { Tunnels } from "../../../src/proxy/tunnel/tunnel.ts";
import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { Chain } from "../../../src/pipeline/chain.ts";
import type { Policy } from "../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { Forwarding } from "../../../src/proxy/forward.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { requestHead } from "../../../src/transport/request-head.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { network } from "../proxy/network.ts";
import { settingsWith } from "../proxy/settings.ts";
import { openExchange } from "./opening.ts";
import { through } from "./through.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** What a policy sets, and what only the gateway knows. */
const SET = { "x-user": "alice", "x-auth-groups": "staff", authorization: "Bearer inside" };
const OWN = {
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "gateway.test",
  "x-real-ip": "192.0.2.1",
  "x-request-id": "request-1",
  host: "gateway.test",
};
const GUARDED = { ...SET, ...OWN };

const identify: Policy = {
  name: "identify",
  request({ outgoing }) {
    for (const [name, value] of Object.entries(SET)) outgoing.set(name, value);
    return undefined;
  },
};

/**
 * Sends fields through a policy and the proxy. Answers the lines of the header section that a backend
 * gets; undefined where the gateway refuses the request for its fields.
 */
async function linesFor(
  fields: readonly (readonly [string, string])[],
): Promise<string[] | undefined> {
  const exchange = openExchange({ fields });
  if (exchange.fields.problem !== undefined) return undefined;
  const { transport, sent } = network(() => new Response("ok"));
  const clock = new FakeClock();
  const settings = settingsWith();
  const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
  const address = readBackendAddress("http://backend.test");
  const forwarding = new Forwarding({
    upstream: new Upstream([new Backend({ address, weight: 1, health })]),
    settings,
    timeouts: new RouteTimeoutSets(clock).of(settings.timeouts),
    transport,
    clock,
    random: () => 0,
    tunnels: new Tunnels(),
  });
  const toProblem = problemMaker((_exchange, error) => {
    throw error;
  });
  const chain = new Chain([identify], toProblem);
  await through(chain, exchange, forwarding);
  const head = requestHead(sent[0]!.request);
  return Buffer.from(head).toString("latin1").split("\r\n").slice(1, -2);
}

const fold = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");

const guardedName = fc.constantFrom(...Object.keys(GUARDED).filter((name) => name !== "host"));
const inAnyCase = (name: string) =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) =>
    name
      .split("")
      .map((c, at) => (upper[at] ? c.toUpperCase() : c))
      .join(""),
  );
const MARKS = ". - _ ! ~ + ' ` | ^ $ % & * #".split(" ");
/** Spelled with other characters where there is no letter or digit. */
const lookalike = guardedName.chain((name) =>
  fc
    .array(fc.constantFrom(...MARKS), { minLength: 3, maxLength: 3 })
    .map((marks) => name.split("-").reduce((one, two, at) => one + (marks[at] ?? "-") + two)),
);
const anyName = fc.oneof(guardedName, lookalike, fc.constantFrom("x-other", "accept", "x-users"));
const spelled = anyName.chain(inAnyCase);
const value = fc.constantFrom("", "mallory", "6.6.6.6", "a, b", "x-user", '"', "=");
const connection = fc
  .array(fc.oneof(spelled, fc.constantFrom("close", "keep-alive", "", "host", "via", "upgrade")))
  .map((names) => names.join(", "));
const field = fc.oneof(
  fc.tuple(spelled, value),
  fc.tuple(inAnyCase("connection"), connection),
  fc.tuple(fc.constant("Connection"), fc.constant(Object.keys(GUARDED).join(","))),
);

test("what a policy and the gateway say arrives once, whatever a client sends", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(field, { maxLength: 12 }), async (fields) => {
      const lines = await linesFor(fields);
      for (const [name, wanted] of Object.entries(GUARDED)) {
        const alike = lines?.filter((line) => fold(line.split(":")[0]!) === name);
        expect(alike ?? [`${name}: ${wanted}`]).toEqual([`${name}: ${wanted}`]);
      }
    }),
    { numRuns: 300 },
  );
});
