import { describe, expect, test } from "bun:test";
import {
  claimFields,
  claimPrefixes,
  FieldRules,
  untrustedFieldProblem,
} from "../../../src/http/field-rules.ts";

const rules = new FieldRules();

describe("a field", () => {
  test.each(["accept", "cookie", "authorization", "x-user", "x-real", "real-ip", "x-forwardedfor"])(
    "%s is passed on",
    (name) => {
      expect(rules.kindOf(name)).toBe("plain");
    },
  );

  test.each(["te", "keep-alive", "proxy-authorization", "proxy"])("%s is removed", (name) => {
    expect(rules.kindOf(name)).toBe("removed");
  });

  test.each([
    ...claimFields,
    "x-forwarded-prefix",
    "x-forwarded-user",
    "x-ssl-client-verify",
    "ssl-client-cert",
    "x-client-cert-chain",
    "x-amzn-mtls-clientcert",
  ])("%s is a proxy's to send", (name) => {
    expect(rules.kindOf(name)).toBe("claim");
  });

  test.each([
    "x_real_ip",
    "x.real.ip",
    "x!real~ip",
    "x-real_ip",
    "x.forwarded.for",
    "x_forwarded_prefix",
    "x.ssl.client.verify",
    "true_client_ip",
    "client.cert",
    "content_length",
    "content.length",
    "transfer~encoding",
    "x.request.id",
  ])("%s is taken for a lookalike", (name) => {
    expect(rules.kindOf(name)).toBe("lookalike");
  });

  test.each([
    "x_custom",
    "user_agent",
    "x-content_length",
    "_x-real-ip",
    "x--real-ip",
    "x_real_ip2",
  ])("%s is no lookalike", (name) => {
    expect(rules.kindOf(name)).toBe("plain");
  });

  test("is the same however often it is asked for, and however many there are", () => {
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 1_000; count += 1) rules.kindOf(`x-${count}`);
      expect(rules.kindOf("x-real-ip")).toBe("claim");
      expect(rules.kindOf("x_real_ip")).toBe("lookalike");
      expect(rules.kindOf("x".repeat(10_000))).toBe("plain");
    }
  });

  test("that the operator does not trust is a claim, in all spellings", () => {
    const own = new FieldRules(["X-User", "Authorization"]);
    expect(own.kindOf("x-user")).toBe("claim");
    expect(own.kindOf("x_user")).toBe("lookalike");
    expect(own.kindOf("authorization")).toBe("claim");
    expect(own.kindOf("x-users")).toBe("plain");
  });

  test("that only the gateway sends is its own in all spellings, whatever else it would be", () => {
    const own = new FieldRules(["X-User"], ["X-User", "x-forwarded-user", "X_Role"]);
    for (const name of ["x-user", "x_user", "x-forwarded-user", "x.forwarded.user", "x-role"]) {
      expect(own.kindOf(name)).toBe("own");
    }
    expect(own.kindOf("x-users")).toBe("plain");
  });
});

test("the documentation lists every untrusted field", async () => {
  const docs = await Bun.file("docs/http.md").text();
  const section = docs.split("### Untrusted fields\n")[1]?.split("\n## ")[0]?.toLowerCase() ?? "";
  const names = [...claimFields, ...claimPrefixes.map((prefix) => `${prefix}*`)];
  const own = new Set([
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
  ]);
  const listed = names.filter((name) => !own.has(name));
  expect(listed.filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
});

describe("a field to be untrusted", () => {
  test.each(["X-User", "authorization", "x_user"])("may be %s", (name) => {
    expect(untrustedFieldProblem(name)).toBeUndefined();
  });

  test.each(["", "x user", "x-user:", "x-*é"])("cannot be %p, which is no name", (name) => {
    expect(untrustedFieldProblem(name)).toContain("is not a field name");
  });

  test.each(["Host", "Connection", "Content-Length", "Via", "X-Request-Id"])(
    "cannot be %s, for which the gateway has its own rules",
    (name) => {
      expect(untrustedFieldProblem(name)).toContain("has its own rules");
    },
  );
});
