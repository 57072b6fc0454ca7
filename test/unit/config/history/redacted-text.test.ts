import { describe, expect, test } from "bun:test";
import { redactedText } from "../../../../src/config/history/redacted-text.ts";
import { ConfigDocument } from "../../../../src/documents/text/document.ts";
import type { ConfigNode } from "../../../../src/documents/text/node.ts";
import { restoredText } from "../../../../src/config/history/restored-text.ts";

const TEXT = `# token: old-one
admin: { token: "hunter2-hunter2", listen: "127.0.0.1:9090" } # not hunter2-hunter2
store: { redis: "redis://user:pass-word@localhost:6379" }
auth:
  corp:
    api_key:
      keys:
        - { name: alice, key: "sk_live_0123456789abcdef" }
        - { name: bob, key: "\${BOB_KEY}" }
  web: { oidc: { client_secret: "\${SECRET:-fallback-secret}", keys: [first-key, "second-key"] } }
routes:
  - { path: /a, backends: ["http://\${HOST}:80"] }
`;
const SECRETS = [
  "hunter2",
  "old-one",
  "pass-word",
  "sk_live",
  "fallback-secret",
  "first-key",
  "second-key",
];

describe("a configuration's text without its secrets", () => {
  const redacted = redactedText("gateway.yaml", TEXT);

  test("has none of them, and everything else", () => {
    for (const secret of SECRETS) expect(redacted).not.toContain(secret);
    expect(redacted).toContain(`token: "<secret>", listen: "127.0.0.1:9090"`);
    expect(redacted).toContain("redis://user:<secret>@localhost:6379");
    expect(redacted).toContain('key: "${BOB_KEY}"');
    expect(redacted).toContain('client_secret: "${SECRET:-<secret>}"');
    expect(redacted).toContain('"http://${HOST}:80"');
    expect(redacted.split("\n")).toHaveLength(TEXT.split("\n").length);
  });

  test("does not change when it is done again", () => {
    expect(redactedText("gateway.yaml", redacted)).toBe(redacted);
  });

  test("hides what stands next to a variable, and numbers", () => {
    const text = 'admin: { token: "prefix-${REST}" }\nauth: { a: { x: { secret: 1234567 } } }\n';

    expect(redactedText("f", text)).toBe(
      'admin: { token: "<secret>${REST}" }\nauth: { a: { x: { secret: <secret> } } }\n',
    );
  });

  test("hides texts of several lines, and those with escapes", () => {
    const text = 'auth:\n  a:\n    secret: |\n      one\n      two\n    client_secret: "a\\tb"\n';
    const hidden = redactedText("f", text);

    expect(hidden).not.toContain("one");
    expect(hidden).not.toContain("\\t");
  });
});

/** What may be in no text that is kept: SECRET. */
describe("secrets are hidden", () => {
  test.each([
    ["in fields for backends", "request: { headers: { set: { Authorization: Bearer SECRET } } }"],
    ["in lists of them", 'request: { headers: { add: { X-Api-Key: ["SECRET", other] } } }'],
    ["in cookies for backends", 'request: { headers: { set: { Cookie: "id=SECRET" } } }'],
    ["in parameters for backends", "request: { query: { set: { key: SECRET } } }"],
    ["in fields that say so", "headers: { Ocp-Apim-Subscription-Key: SECRET }"],
    ["in passwords with @", 'redis: "redis://:SECRET@SECRET@host:6379"'],
    ["in the parameters of a URL", "url: https://host/?a=1&api_key=SECRET&b=2"],
    ["in private keys", 'some: "-----BEGIN EC PRIVATE KEY-----\\nSECRET"'],
    ["in comments after a value", 'a: "x # y" # token: SECRET'],
    ["in URLs in comments", "# was redis://user:SECRET@host"],
    ["in fields in comments", "# Authorization: Bearer SECRET"],
    ["in keys in comments", "# - { name: bob, key: SECRET0123456789ab }"],
    ["in assignments in comments", "#ADMIN_TOKEN=SECRET client_secret = SECRET"],
    ["by aliases", "x: &it SECRET\nadmin: { token: *it }"],
    ["in JSON", '{"admin":{"token":"SECRET\\u002d"}}'],
  ])("%s", (_, text) => {
    const redacted = redactedText("f", text);
    expect(redacted).not.toContain("SECRET");
    expect(redacted).toContain("<secret>");
    expect(redactedText("f", redacted)).toBe(redacted);
  });

  test.each([
    "a: 'x # token: no'",
    "request: { headers: { set: { Authorization: '{request.header.x-auth}' } } }",
    "# key: certs/api.key",
    "# token: ${ADMIN_TOKEN}",
  ])("and nothing in %s", (text) => {
    expect(redactedText("f", text)).toBe(text);
  });

  test.each([
    "admin:\n  token: |\n    SECRET\n    two\n\n  listen: a\nx: 1\n",
    "admin:\n  token: SECRET\n    two\n  listen: a\n",
    'admin: { token: "SECRET\n    two\n    three", listen: b }\n',
  ])("in texts of several lines, which stay as many: %j", (text) => {
    const redacted = redactedText("f", text);
    expect(redacted).not.toContain("SECRET");
    expect(redacted.split("\n")).toHaveLength(text.split("\n").length);
    const restored = restoredText(redacted, text) as { text: string };
    const [before, after] = [text, restored.text].map(
      (one) => ConfigDocument.parse("f", one).root?.node,
    );
    expect(valueOf(after)).toEqual(valueOf(before));
  });
});

function valueOf(node: ConfigNode | undefined): unknown {
  if (node?.kind === "scalar") return node.value;
  if (node?.kind === "mapping") {
    return Object.fromEntries([...node.entries].map(([key, entry]) => [key, valueOf(entry.node)]));
  }
  return node?.items.map((item) => valueOf(item.node));
}

describe("an earlier configuration", () => {
  const redacted = redactedText("gateway.yaml", TEXT);
  const linesOf = (result: ReturnType<typeof restoredText>) =>
    "missing" in result ? result.missing.map(({ line }) => line) : [];

  test("gets the secrets back that the present one has at the same places", () => {
    const present = TEXT.replace("path: /a", "path: /b").replace("hunter2-hunter2", "new-token-9");
    const result = restoredText(redacted, present);

    expect(result).toHaveProperty("text");
    const { text } = result as { text: string };
    expect(text).toContain('token: "new-token-9", listen');
    expect(text).toContain("path: /a");
    expect(text).toContain("sk_live_0123456789abcdef");
    expect(text).toContain('[first-key, "second-key"]');
    expect(redactedText("f", text)).toBe(redacted);
  });

  test("is the present one, comments and all, if it differs from that by secrets alone", () => {
    const present = TEXT.replace("old-one", "older-one").replace("first-key", "another-key");
    expect(restoredText(redacted, present)).toEqual({ text: present });
  });

  test("does not get one that belongs to somebody else now", () => {
    const present = TEXT.replace("name: alice", "name: carol");

    expect(linesOf(restoredText(redacted, present))).toEqual([8]);
  });

  test("does not get one of a list that has become longer, nor one that is gone", () => {
    const longer = TEXT.replace("[first-key, ", "[new-key, first-key, ");
    expect(linesOf(restoredText(redacted, longer))).toEqual([10, 10]);
    const gone = TEXT.replace(/^store.*\n/m, "");
    expect(restoredText(redacted, gone)).toEqual({
      missing: [{ line: 3, place: "store.redis" }],
    });
  });
});
