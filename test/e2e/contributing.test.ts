import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ask, serverOf } from "../support/ask.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
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

/** Where an example runs. */
interface Scene {
  /** The working directory, with the files that the guide has besides code. */
  readonly folder: string;
  /** The URLs of the two backends, which call themselves 1 and 2. */
  readonly backends: readonly [string, string];
}

/** What each guide's example does to requests, by the guide's subject. */
const effects: Readonly<Record<string, (gateway: GatewayProcess, scene: Scene) => Promise<void>>> =
  {
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

    async "a balancer"({ url }) {
      let servers = "";
      for (let sent = 0; sent < 60; sent += 1) servers += await serverOf(ask(`${url}/api/users/1`));
      expect(new Set(servers)).toEqual(new Set("12"));
      // As round robin has it; lots fall like that once in an age.
      expect(servers).not.toBe("212".repeat(20));
    },

    async "a discovery source"({ url }, { folder, backends }) {
      const ask1 = () => serverOf(ask(`${url}/api/users/1`));
      expect(await ask1()).toBe("1");
      await Bun.write(join(folder, "backends.txt"), `no URL\n${backends[1]}\n`);
      await eventually(async () => (await ask1()) === "2");
    },

    async "a sink"(gateway, { folder }) {
      await ask(`${gateway.url}/api/users/1`);
      expect(await gateway.stop()).toBe(0);
      const lines = readFileSync(join(folder, "exchanges.log"), "utf8");
      expect(lines).toMatch(/^2\S+Z GET \/api\/users\/1 - 200 [^\n]*\n$/);
    },

    async "an auth provider"({ url }) {
      const send = (fields: Record<string, string>) => ask(`${url}/echo`, { headers: fields });
      const none = await send({});
      expect([none.status, none.headers.get("www-authenticate")]).toEqual([
        401,
        'SharedKey realm="partners"',
      ]);
      expect((await send({ "x-shared-key": "correct-horse" })).status).toBe(401);
      const right = await send({
        "x-shared-key": "correct-horse-battery",
        "x-auth-subject": "root",
      });
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
    expect(lines).toBeLessThan(60);
    for (const { content } of blocks) expect(content.split("\n").length).toBeLessThan(40);
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
      () => tree.run("bun", "test", "registry.test.ts", "kinds.test.ts", "architecture.test.ts"),
    ],
  ])("%s", async (_, run) => {
    expect(await run()).toEqual({ code: 0, output: expect.anything() });
  });

  test.each(guides)("have the effect that the guide for $subject describes", async (guide) => {
    const { file = "", content = "" } =
      guide.blocks.find(({ language }) => language === "yaml") ?? {};
    const { code, output } = await tree.run("gateway", "check", file);
    expect({ code, output }).toEqual({ code: 0, output: expect.anything() });
    const command = tree.command("gateway");
    const [one, two] = await Promise.all([
      startMockProcess(stage, "1", [], { command }),
      startMockProcess(stage, "2", [], { command }),
    ]);
    const here = (text: string) =>
      text
        .replaceAll("http://localhost:9001", one.url)
        .replaceAll("http://localhost:9002", two.url);
    const folder = stage.folder();
    for (const { language, file, content } of guide.blocks) {
      if (language === "text") await Bun.write(join(folder, file), here(content));
    }
    const config = parse(here(content)) as TestConfig;
    const gateway = await startGateway(stage, config, { command, cwd: folder });
    await effects[guide.subject]?.(gateway, { folder, backends: [one.url, two.url] });
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
