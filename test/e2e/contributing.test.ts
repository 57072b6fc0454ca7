import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ask } from "../support/ask.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";
import { readGuides } from "./contributing/guide.ts";
import { Tree } from "./contributing/tree.ts";

const guides = readGuides(readFileSync(join(import.meta.dir, "../../CONTRIBUTING.md"), "utf8"));
const stage = createStage(afterAll);
let tree: Tree;

beforeAll(() => {
  tree = new Tree(stage.folder(), guides);
});

/** What each guide's example does to requests, by the guide's subject. */
const effects: Readonly<Record<string, (gateway: GatewayProcess) => Promise<void>>> = {
  async "a policy"({ url }) {
    const cacheControl = async (path: string) =>
      (await ask(url + path)).headers.get("cache-control");
    expect(await cacheControl("/api/users/1")).toBe("private, max-age=60");
    expect(await cacheControl("/status/502")).toBeNull();
    expect(await cacheControl("/nowhere/%00")).toBe("no-store");
  },

  async "a condition"(gateway) {
    for (const scheme of ["https", "http"]) {
      await ask(`${gateway.url}/api/users/1`, { headers: { "x-forwarded-proto": scheme } });
    }
    const rows = await gateway.waitForRows(2);
    expect(rows.map(({ route }) => route)).toEqual(["/* if the scheme is https", "/*"]);
  },

  async "an auth provider"({ url }) {
    const send = (fields: Record<string, string>) => ask(`${url}/echo`, { headers: fields });
    const none = await send({});
    expect([none.status, none.headers.get("www-authenticate")]).toEqual([
      401,
      'SharedKey realm="partners"',
    ]);
    expect((await send({ "x-shared-key": "correct-horse" })).status).toBe(401);
    const right = await send({ "x-shared-key": "correct-horse-battery", "x-auth-subject": "root" });
    const seen = (await right.json()) as Echo;
    const names = ["x-auth-subject", "x-auth-provider", "x-shared-key"];
    expect(names.map((name) => valuesOf(seen, name))).toEqual([["partners"], ["partners"], []]);
  },
};

test("there is a guide for every registry", () => {
  expect(guides.map(({ subject }) => subject)).toEqual(Object.keys(effects));
});

test("guides are short, and every code block in them names its file", () => {
  for (const { blocks, lines } of guides) {
    expect(blocks.filter(({ file }) => file === "")).toEqual([]);
    expect(lines).toBeLessThan(50);
  }
});

describe("the examples, as they stand in the guides", () => {
  test.each([
    ["type-check", () => tree.run("tsc", "--noEmit")],
    ["are formatted", () => tree.run("oxfmt", "--check", ...tree.sources)],
    [
      "pass the linter",
      () => tree.run("oxlint", "--type-aware", "--deny-warnings", ...tree.sources),
    ],
    [
      "pass the tests that hold for all of a kind",
      () => tree.run("bun", "test", "registry.test.ts", "architecture.test.ts"),
    ],
  ])("%s", async (_, run) => {
    expect(await run()).toEqual({ code: 0, output: expect.anything() });
  });

  test.each(guides)("have the effect that the guide for $subject tells of", async (guide) => {
    const { file = "", content = "" } =
      guide.blocks.find(({ language }) => language === "yaml") ?? {};
    const { code, output } = await tree.run("gateway", "check", file);
    expect({ code, output }).toEqual({ code: 0, output: expect.anything() });
    const backend = await startMockProcess(stage, "example", [], {
      command: tree.command("gateway"),
    });
    const config = parse(content.replaceAll("http://localhost:9001", backend.url)) as TestConfig;
    const gateway = await startGateway(stage, config, { command: tree.command("gateway") });
    await effects[guide.subject]?.(gateway);
  });

  test("are checked against what they refer to", async () => {
    const file = join(tree.folder, "shared-key.yaml");
    const wrong = readFileSync(file, "utf8").replace("auth: partners", "auth: [partner, partners]");
    await Bun.write(join(tree.folder, "wrong.yaml"), wrong);
    const { code, output } = await tree.run("gateway", "check", "wrong.yaml");
    expect(code).toBe(1);
    expect(output).toContain("there is no provider `partner`; defined under `auth`: `partners`");
  });
});
