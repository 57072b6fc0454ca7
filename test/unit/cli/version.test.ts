import { expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };
import { versionLine } from "../../../src/cli/build-info.ts";
import { version } from "../../../src/cli/version.ts";
import { FakeConsole, given } from "./fake-console.ts";

test("`version` prints the version, where it is from, the runtime and the platform", async () => {
  const console = new FakeConsole();
  expect(await version.run(given(), console)).toBe(0);
  const platform = `${process.platform}-${process.arch}`;
  expect(console.printed).toBe(
    `gateway ${packageJson.version} (from source, Bun ${Bun.version}, ${platform})\n`,
  );
  expect(console.printed).toBe(`${versionLine()}\n`);
});

test("`version --json` prints the same for programs", async () => {
  const console = new FakeConsole();
  expect(await version.run(given({ flags: { json: "true" } }), console)).toBe(0);
  expect(JSON.parse(console.printed)).toEqual({
    version: packageJson.version,
    commit: "",
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
  });
});
