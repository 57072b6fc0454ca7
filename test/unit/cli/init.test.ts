import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { init } from "../../../src/cli/init.ts";
import { loaded, printed } from "../config/loading.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given } from "./fake-console.ts";

const stage = createStage();

async function run(operands: readonly string[], flags: Record<string, string> = {}) {
  const console = new FakeConsole();
  const code = await init.run(given({ operands, flags }), console);
  return { code, printed: console.printed, complaints: console.complaints };
}

describe("`init`", () => {
  test("writes a valid file, its folder too, and says what to do next", async () => {
    const file = join(stage.folder(), "etc", "mine.yaml");
    const { code, printed: next, complaints } = await run([file]);

    expect(code).toBe(0);
    expect(complaints).toBe("");
    expect(loaded(await Bun.file(file).text()).routes).toHaveLength(1);
    expect(next).toStartWith(`Wrote ${file}.`);
    expect(next).toContain(`gateway serve ${file} `);
    expect(next).toContain("gateway mock --port 9001 ");
    expect(next).toContain(`gateway check ${file}`);
  });

  test("overwrites nothing unless asked to", async () => {
    const file = join(stage.folder(), "mine.yaml");
    await Bun.write(file, "mine");
    const { code, complaints } = await run([file]);

    expect(code).toBe(1);
    expect(complaints).toBe(
      `gateway: ${file} already exists; name another file, or overwrite it with --force\n`,
    );
    expect(await Bun.file(file).text()).toBe("mine");
    expect((await run([file], { force: "true" })).code).toBe(0);
    expect(await Bun.file(file).text()).not.toBe("mine");
  });

  test("says why it cannot write", async () => {
    const folder = stage.folder();
    mkdirSync(join(folder, "taken"));
    const { code, complaints } = await run([join(folder, "taken")], { force: "true" });

    expect(code).toBe(1);
    expect(complaints).toBe(`gateway: cannot write ${folder}/taken: it is a folder\n`);
  });

  test("prints the file in place of writing one named -", async () => {
    const { code, printed: text } = await run(["-"]);

    expect(code).toBe(0);
    expect(loaded(text).routes).toHaveLength(1);
  });

  test("writes a file that has neither errors nor warnings, with every setting switched on too", async () => {
    const { printed: text } = await run(["-"]);
    const everything = text.replaceAll(/^( *)#(?=[a-z-])/gm, "$1");

    expect(printed(text)).toBe("");
    expect(printed(everything)).toBe("");
    expect(loaded(everything)).toMatchObject({
      server: { trusted_proxies: [{ address: "10.0.0.0", prefix: 8, family: "ipv4" }] },
      rate_limiting: { burst: 50 },
      cors: { allowed_origins: ["https://app.example.com"] },
      routes: [
        {
          rate_limit: { perSecond: 50 },
          methods: ["GET", "POST"],
          backends: [{ weight: 2 }, { weight: 1 }],
        },
        { path: "/*" },
      ],
    });
  });
});
