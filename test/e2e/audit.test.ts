import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../support/child.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const RISKY = `server:
  trusted_proxies: [0.0.0.0/0]
admin: { main_port: "off", token: hush-hush-hush-hush }
auth:
  corp: { jwt: { jwks: https://issuer.example.com/jwks.json, issuer: https://issuer.example.com/ } }
routes:
  - { path: /a/*, backends: ["http://127.0.0.1:9001"], auth: corp }
  - { path: /b/*, backends: ["http://127.0.0.1:9001"] }
`;

const SAFE = `server: { trusted_proxies: [127.0.0.1], host: 127.0.0.1 }
admin: { main_port: "off" }
rate_limiting: { rate: 100, key: client_ip }
routes: [{ path: /a/*, backends: ["http://127.0.0.1:9001"] }]
`;

async function audit(text: string, ...flags: string[]) {
  const cwd = stage.folder();
  const file = join(cwd, "gateway.yaml");
  await Bun.write(file, text);
  chmodSync(file, 0o600);
  return runToEnd(stage, ["audit", "gateway.yaml", ...flags], { cwd });
}

test("risks are printed with their places, lines and remedies, and end with 1", async () => {
  const { code, out, err } = await audit(RISKY);

  expect(code).toBe(1);
  expect(out).toContain(
    `gateway.yaml:2:21: high: every client can claim any address, and so get round limits, \`allow\`, \`deny\` and the log (trusts-everyone)
    2 |   trusted_proxies: [0.0.0.0/0]
      |                     ^^^^^^^^^
      | remedy: list the proxies' own addresses or their network, like 10.0.0.0/24
`,
  );
  expect(out).toContain("gateway.yaml:3:35: medium: `token` stands in the file");
  expect(out).toContain("gateway.yaml:5:11: medium: `corp` accepts every token of its issuer");
  expect(out).toContain(
    "gateway.yaml:8:13: medium: /b/* requires no authentication, and /a/* next to it does",
  );
  expect(out).not.toContain("hush");
  expect(out).toEndWith("\ngateway.yaml: 5 risks: 1 high, 4 medium\n");
  expect(err).toBe("");
});

test("a careful configuration ends with 0", async () => {
  const { code, out, err } = await audit(SAFE);
  expect([code, out, err]).toEqual([0, "gateway.yaml: nothing risky was found\n", ""]);
});

test.each([
  [["--fail-on", "high"], 1],
  [["--fail-on", "none"], 0],
  [["--fail-on", "high", "--ignore", "trusts-everyone"], 0],
  [["--fail-on", "medium", "--ignore", "trusts-everyone"], 1],
])("with %j the exit code is %i", async (flags, expected) => {
  expect((await audit(RISKY, ...flags)).code).toBe(expected);
});

test("programs get JSON", async () => {
  const { code, out, err } = await audit(RISKY, "--json", "--ignore", "secret-in-file");
  expect([code, err]).toEqual([1, ""]);
  const findings = JSON.parse(out) as unknown[];
  expect(findings).toContainEqual({
    rule: "trusts-everyone",
    severity: "high",
    file: "gateway.yaml",
    line: 2,
    column: 21,
    message:
      "every client can claim any address, and so get round limits, `allow`, `deny` and the log",
    remedy: "list the proxies' own addresses or their network, like 10.0.0.0/24",
  });
});

test("what is not valid is not audited", async () => {
  const { code, err } = await audit("routs: []\n");
  expect(code).toBe(2);
  expect(err).toContain("unknown key `routs`, did you mean `routes`?");
  expect(err).toEndWith("gateway.yaml is not valid, so it cannot be audited\n");
});

test("mistakes on the command line are explained", async () => {
  expect((await audit(SAFE, "--ignore", "no-tl")).err).toContain(
    "there is no rule no-tl, did you mean no-tls?",
  );
  expect((await audit(SAFE, "--fail-on", "worst")).err).toContain(
    '--fail-on takes high, medium, low or none, not "worst"',
  );
  const { code, out } = await runToEnd(stage, ["audit", "--rules"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^trusts-everyone +high +trusted proxies/m);
});

test("keys that others can read are found by the permissions of their files", async () => {
  const cwd = stage.folder();
  const keys = join(cwd, "keys.yaml");
  await Bun.write(
    keys,
    'billing: { hash: "sha256:5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592" }\n',
  );
  const text = `${SAFE.replace(/routes.*/, "")}auth: { machines: { api_key: { file: keys.yaml } } }
routes: [{ path: /a/*, backends: ["http://127.0.0.1:9001"], auth: machines }]
`;
  await Bun.write(join(cwd, "gateway.yaml"), text);
  const codes: number[] = [];
  for (const mode of [0o644, 0o640]) {
    chmodSync(keys, mode);
    codes.push((await runToEnd(stage, ["audit"], { cwd })).code);
  }
  expect(codes).toEqual([1, 0]);
});
