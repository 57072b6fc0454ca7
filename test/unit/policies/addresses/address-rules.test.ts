import { describe, expect, test } from "bun:test";
import { allow, deny } from "../../../../src/policies/addresses/address-rules.ts";
import { cors } from "../../../../src/policies/cors.ts";
import { Chain, policyFrom } from "../chain.ts";

interface Rules {
  readonly allow?: unknown;
  readonly deny?: unknown;
}

function chain(rules: Rules): Chain {
  return new Chain([
    rules.deny === undefined ? undefined : policyFrom(deny.route, rules.deny),
    rules.allow === undefined ? undefined : policyFrom(allow.route, rules.allow),
    policyFrom(cors.route, {}),
  ]);
}

async function status(rules: Rules, client: string): Promise<number> {
  return (await chain(rules).send({ client })).status;
}

describe("a client is refused by its address", () => {
  test.each([
    ["that is denied", { deny: ["10.0.0.0/8"] }, "10.1.2.3", 403],
    ["that is not denied", { deny: ["10.0.0.0/8"] }, "11.1.2.3", 200],
    ["that is allowed", { allow: ["10.0.0.0/8"] }, "10.1.2.3", 200],
    ["that is not among those allowed", { allow: ["10.0.0.0/8"] }, "11.1.2.3", 403],
    [
      "that is allowed and denied",
      { allow: ["10.0.0.0/8"], deny: ["10.6.0.0/16"] },
      "10.6.1.1",
      403,
    ],
    [
      "that is allowed beside denied ones",
      { allow: ["10.0.0.0/8"], deny: ["10.6.0.0/16"] },
      "10.7.1.1",
      200,
    ],
    ["of IPv6 that is allowed", { allow: ["2001:db8::/32"] }, "2001:db8::7", 200],
    ["of IPv6 that only IPv4 is allowed of", { allow: ["0.0.0.0/0"] }, "2001:db8::7", 403],
    ["of IPv4 that was written as IPv6", { deny: ["::ffff:10.0.0.0/104"] }, "10.1.2.3", 403],
    ["with a zone", { allow: ["fe80::/10"] }, "fe80::1%eth0", 200],
    ["that is none, where some are allowed", { allow: ["0.0.0.0/0", "::/0"] }, "unknown", 403],
  ])("%s", async (_, rules, client, expected) => {
    expect(await status(rules, client)).toBe(expected);
  });

  test("and learns neither the lists nor how to get in", async () => {
    const answer = await chain({ deny: ["10.0.0.0/8"] }).send({ client: "10.1.2.3" });
    expect(await answer.json()).toMatchObject({
      code: "address_denied",
      detail: "this route does not serve the client's address",
    });
  });

  test("even when it only asks whether it may ask", async () => {
    const rules = chain({ allow: ["10.0.0.0/8"] });
    const preflight = {
      method: "OPTIONS",
      fields: { origin: "https://app.example.com", "access-control-request-method": "PUT" },
    };
    expect((await rules.send({ ...preflight, client: "192.0.2.1" })).status).toBe(403);
    expect((await rules.send({ ...preflight, client: "10.0.0.1" })).status).toBe(204);
  });
});

test("no rule is made of what is turned off", () => {
  expect(policyFrom(allow.route, false)).toBeUndefined();
  expect(policyFrom(deny.route, false)).toBeUndefined();
});
