import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { quota } from "../../../src/cli/quota/quota.ts";
import { table } from "../../../src/cli/quota/table.ts";
import { parseArguments } from "../../../src/cli/args.ts";
import { ask } from "../../support/ask.ts";
import { createStage } from "../../support/stage.ts";
import { start } from "../server/running.ts";
import { FakeConsole, refusal } from "./fake-console.ts";

const stage = createStage();

const ROUTES = `
routes:
  - path: /users
    respond: { body: ok }
    quota: { name: api, limit: 10, per: month, key: "{header.x-tenant}" }
  - path: /orders
    respond: { body: ok }
    quota: { limit: 5, per: day, key: all }
`;

async function run(...words: string[]) {
  const console = new FakeConsole();
  const code = await quota.run(parseArguments(quota, words), console);
  return { code, out: console.printed, err: console.complaints };
}

/** A running gateway with two quotas, some of which have been used. */
async function used() {
  const running = start(stage, `admin: { listen: "127.0.0.1:0", token: secret }\n${ROUTES}`);
  const { url, adminUrl = "" } = running;
  const use = (path: string, tenant = "") => ask(url + path, { headers: { "x-tenant": tenant } });
  for (const tenant of ["acme", "acme", "globex"]) await use("/users", tenant);
  await use("/orders");
  const file = join(stage.folder(), "gateway.yaml");
  const configure = (listen: string) =>
    Bun.write(
      file,
      `admin: { listen: "${listen}", token: secret }\nlogging: { database: "${running.database}" }\n${ROUTES}`,
    );
  await configure(new URL(adminUrl).host);
  return { ...running, file, configure, at: ["--admin", adminUrl, "--token", "secret"] };
}

describe("gateway quota", () => {
  test("shows the keys that have used most", async () => {
    const { at } = await used();
    const { code, out, err } = await run(...at);
    expect([code, err]).toEqual([0, ""]);
    const [head, ...rows] = out.trimEnd().split("\n");
    expect(head).toBe("QUOTA    PER    KEY     USED  LIMIT  LEFT  UNTIL");
    expect(rows.map((row) => row.slice(0, 44).trimEnd())).toEqual(
      [
        "api      month  acme       2     10     8  2",
        "/orders  day    all        1      5     4  2",
        "api      month  globex     1     10     9  2",
      ].map((row) => row.slice(0, 44)),
    );
  });

  test("finds the gateway and its token by the configuration", async () => {
    const { file } = await used();
    const { code, out } = await run("--config", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      quotas: [{ name: "api" }, { name: "/orders" }],
      counts: [{ key: "acme", used: 2 }, { used: 1 }, { used: 1 }],
      complete: true,
    });
  });

  test("takes the name of a quota or a key, and a route", async () => {
    const { at } = await used();
    const shown = async (...words: string[]) => {
      const { out } = await run(...words, "--json", ...at);
      const { counts } = JSON.parse(out) as { counts: { quota: string; key: string }[] };
      return counts.map(({ quota, key }) => `${quota} ${key}`);
    };
    expect(await shown("api")).toEqual(["api acme", "api globex"]);
    expect(await shown("globex")).toEqual(["api globex"]);
    expect(await shown("--route", "/orders")).toEqual(["/orders all"]);
    expect(await shown("--limit", "1")).toEqual(["api acme"]);
    expect((await run("--limit", "1", ...at)).out).toEndWith(
      "… and more; --limit N shows so many\n",
    );
    expect(await run("nobody", ...at)).toEqual({
      code: 0,
      out: "nothing has been used in this period of api (10 per month), /orders (5 per day)\n",
      err: "gateway: no quota is called nobody, and no such key has used any\n",
    });
    expect(await shown("show", "globex")).toEqual(["api globex"]);
  });

  test("changes what a key has used and may use", async () => {
    const { at, log } = await used();
    const set = await run("set", "acme", "--used", "7", "--quota", "api", ...at);
    expect(set).toEqual({
      code: 0,
      out: "acme has used 7 of 10 (api per month); before: 2\n",
      err: "",
    });
    expect((await run("grant", "acme", "5", "--per", "month", ...at)).out).toBe(
      "acme has used 7 of 10 and 5 granted (api per month); before: 7\n",
    );
    expect((await run("acme", ...at)).out).toContain("10+5     8");
    const reset = await run("reset", "acme", "--route", "/users", "--json", ...at);
    expect(JSON.parse(reset.out)).toMatchObject({
      before: { used: 7, granted: 5 },
      after: { used: 0, granted: 0 },
      saved: true,
    });
    expect(log()).toContain("quota api per month: acme was set from 2 used to 7 used");
  });

  test("changes nothing for a client whose provider is missing", async () => {
    const { adminUrl = "" } = start(
      stage,
      'admin: { listen: "127.0.0.1:0" }\nroutes: [{ path: /a, respond: 204, quota: 5/day }]',
    );
    expect(await run("grant", "acme", "5", "--admin", adminUrl)).toEqual({
      code: 1,
      out: "",
      err: "gateway: nothing was changed: `acme` is no key; keys are clients with their provider, like PROVIDER/acme\n",
    });
    expect(await run("set", "machines/acme", "2", "--admin", adminUrl)).toEqual({
      code: 0,
      out: "machines/acme has used 2 of 5 (/a per day); before: 0\n",
      err: "gateway: nothing has used this key in this period; `gateway quota` lists the keys in use\n",
    });
  });

  test("changes what requests without a key have used", async () => {
    const { url, adminUrl = "" } = start(
      stage,
      'admin: { listen: "127.0.0.1:0" }\nroutes: [{ path: /a, respond: 204, quota: 5/day }]',
    );
    await ask(`${url}/a`);
    expect((await run("(none)", "--admin", adminUrl)).out).toMatch(/\(none\) +1 +5 +4/);
    expect((await run("reset", "(none)", "--admin", adminUrl)).code).toBe(0);
    expect((await run("reset", "", "--admin", adminUrl)).out).toEndWith("before: 0\n");
  });

  test("says why the gateway refuses", async () => {
    const { at } = await used();
    expect(await run("reset", "acme", ...at)).toEqual({
      code: 1,
      out: "",
      err: "gateway: several quotas are meant; name one by `quota` and `per`: api per month, /orders per day\n",
    });
    expect((await run("--admin", at[1]!)).err).toBe(
      "gateway: the gateway wants its token: set admin.token in the configuration, or --token\n",
    );
  });

  test("reads the file when no gateway is running, and changes nothing then", async () => {
    const { file, configure, stop, database } = await used();
    await stop();
    // A port on which nothing listens.
    await configure("127.0.0.1:1");
    const { code, out, err } = await run("--config", file);
    expect(code).toBe(0);
    expect(out).toContain("api      month  acme       2");
    expect(err).toContain("no gateway answers at http://127.0.0.1:1 (connection refused)");
    expect(err).toContain(`What follows is from ${database.replace(".db", "-quotas.db")}`);
    expect((await run("api", "--config", file, "--limit", "1")).out).toContain("and more");
    expect((await run("globex", "--config", file, "--json")).out).toContain('"key":"globex"');
    expect(await run("reset", "acme", "--quota", "api", "--config", file)).toMatchObject({
      code: 1,
    });
  });

  test("says that there is no file either", async () => {
    const file = join(stage.folder(), "gateway.yaml");
    const database = join(stage.folder(), "none.db");
    await Bun.write(
      file,
      `admin: { listen: "127.0.0.1:1" }\nlogging: { database: "${database}" }\n${ROUTES}`,
    );
    const { code, err } = await run("--config", file);
    expect(code).toBe(1);
    expect(err).toEndWith("none-quotas.db yet\n");
  });

  test("with an invalid configuration prints its errors", async () => {
    const file = join(stage.folder(), "gateway.yaml");
    await Bun.write(file, "routes: 5");
    expect(await run("--config", file)).toMatchObject({ code: 1, out: "" });
  });

  test.each([
    [["set", "acme"], "how much? gateway quota set KEY N"],
    [["set", "acme", "7", "--used", "7"], 'unexpected argument "7" for `quota set`'],
    [["delete", "acme"], "`quota` takes show, set, grant or reset"],
    [["rest", "acme"], "did you mean reset?"],
    [["set", "acme", "--used", "-1"], '"-1" is not a number of requests'],
    [["set"], "`set` needs a key: gateway quota set KEY"],
    [["grant", "acme"], "how much? gateway quota grant KEY N"],
    [["grant", "acme", "many"], '"many" is not a number of requests'],
    [["reset", "acme", "--used", "1"], "--used belongs to `set`"],
    [["acme", "globex"], 'unexpected argument "globex" for `quota`'],
    [["--used", "5"], "--used belongs to `set`: gateway quota set KEY N"],
    [["--limit", "0"], "--limit takes a whole number"],
    [["--key", "acme"], "the key is an operand"],
  ])("does not take %p", async (words, message) => {
    expect(await refusal(() => run(...words))).toContain(message);
  });
});

describe("the table", () => {
  const count = {
    quota: "api",
    per: "month",
    counts_by: "subject",
    key: "",
    used: 1,
    limit: 5,
    granted: 0,
    remaining: 4,
    period_ends: "2026-02-01T00:00:00.000Z",
  };
  const page = { quotas: [{} as never], counts: [count], next: null, complete: true };

  test("shows requests without a key, and no control characters", () => {
    expect(table(page)).toContain("(none)");
    expect(table({ ...page, counts: [{ ...count, key: "\u001B[31m" }] })).not.toContain("\u001B");
  });

  test("says when it is not all, and when there is no quota", () => {
    expect(table({ ...page, complete: false })).toContain("only what the gateway has in memory");
    expect(table({ ...page, quotas: [], counts: [] })).toBe("no such quota\n");
  });
});
