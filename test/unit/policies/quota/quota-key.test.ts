import { describe, expect, test } from "bun:test";
import { parsePlaceholders, type ParsedText } from "../../../../src/pipeline/placeholders.ts";
import { Redaction } from "../../../../src/pipeline/redaction.ts";
import { isKeyOfCredentials, keyReader } from "../../../../src/policies/quota/quota-key.ts";
import { openExchange } from "../../pipeline/opening.ts";

const parsed = (text: string) => parsePlaceholders(text) as ParsedText;

function keyOf(text: string, fields: Record<string, string>): string {
  return keyReader(parsed(text))(openExchange({ fields }));
}

describe("the key of a quota", () => {
  test("is who sent a request, as its provider knows it", () => {
    const exchange = openExchange();
    const read = keyReader("subject");
    expect(read(exchange)).toBe("");
    exchange.identity = { provider: "corp", subject: "alice@example.com", claims: {} };
    expect(read(exchange)).toBe("corp/alice@example.com");
    exchange.identity = { provider: "partners", subject: "alice@example.com", claims: {} };
    expect(read(exchange)).toBe("partners/alice@example.com");
  });

  test("may be the client's address, an IPv6 network of 64 bits, or the same for all", () => {
    const from = (address: string) => keyReader("client_ip")(openExchange({ client: { address } }));
    expect(from("192.0.2.1")).toBe("192.0.2.1");
    expect(from("2001:db8::1")).toBe(from("2001:db8::2"));
    expect(keyReader("all")(openExchange())).toBe("all");
  });

  test("with a client's address in it counts IPv6 by network, too", () => {
    const read = keyReader(parsed("{client.ip} {request.method}"));
    const from = (address: string) => read(openExchange({ client: { address } }));
    expect(from("2001:db8::1")).toBe(from("2001:db8::2"));
    expect(from("192.0.2.1")).toBe("192.0.2.1 GET");
  });

  test("is a value as it was sent, or empty without one", () => {
    expect(keyOf("{header.x-tenant}", { "x-tenant": "Acme Inc." })).toBe("Acme Inc.");
    expect(keyOf("{header.x-tenant}", {})).toBe("");
  });

  test("shows no control characters, and different values stay different", () => {
    const key = keyOf("{header.x-tenant}", { "x-tenant": "a\u009b\u0085%" });
    expect(key).not.toMatch(/[\u0080-\u009f]/);
    expect(keyOf("{header.x-tenant}", { "x-tenant": "%41" })).toBe("%2541");
  });

  test.each([
    ["{header.x-a}-{header.x-b}", { "x-a": "1-2", "x-b": "3" }, { "x-a": "1", "x-b": "2-3" }],
    ["{header.x-a}{header.x-b}", { "x-a": "12", "x-b": "3" }, { "x-a": "1", "x-b": "23" }],
    ["{header.x-a}|{header.x-b}", { "x-a": "%7C", "x-b": "" }, { "x-a": "|", "x-b": "" }],
    ["{header.x-a}]{header.x-b}", { "x-a": "1]", "x-b": "3" }, { "x-a": "1", "x-b": "]3" }],
  ])("%s tells where one value ends and the next begins", (text, some, others) => {
    expect(keyOf(text, some)).not.toBe(keyOf(text, others));
  });

  test("is short, however long a value is", () => {
    const long = "x".repeat(500);
    const key = keyOf("{header.x-tenant}", { "x-tenant": long });
    expect(key).toStartWith("sha256:");
    expect(key.length).toBeLessThan(60);
    // Nobody can write the digest for it.
    expect(keyOf("{header.x-tenant}", { "x-tenant": key })).not.toBe(key);
  });

  test.each([
    "{header.x-api-key}",
    "{cookie.session}",
    "{query.access_token}",
    "{header.authorization}",
  ])("%s is a secret, so that only its digest is shown", (text) => {
    expect(isKeyOfCredentials(parsed(text))).toBe(true);
    const [name = ""] = /x-api-key|authorization/.exec(text) ?? [];
    if (name === "") return;
    expect(keyOf(text, { [name]: "hunter2" })).toMatch(/^sha256:[\w-]{43}$/);
  });

  test.each([
    "{header.X-Partner}",
    "{cookie.partner}",
    "{query.partner}",
    "{client.ip} {query.partner}",
  ])("%s is one if credentials travel under that name", (text) => {
    const url = "http://gateway.test/?partner=hunter2";
    const fields = { "x-partner": "hunter2", cookie: "partner=hunter2" };
    const exchange = openExchange({ url, fields });
    const read = keyReader(parsed(text));
    expect(read(exchange)).toContain("hunter2");
    exchange.redaction = new Redaction({
      query: ["partner"],
      fields: ["x-partner"],
      cookies: ["partner"],
    });
    expect(read(exchange)).toMatch(/^sha256:[\w-]{43}$/);
  });

  test("is no secret otherwise", () => {
    for (const key of [parsed("{header.x-tenant}"), parsed("{auth.subject}"), "subject" as const]) {
      expect(isKeyOfCredentials(key)).toBe(false);
    }
  });
});
