import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findConfigFile, readConfigFile, reloadConfigFile } from "../../../src/cli/config-file.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

const stage = createStage();
const GOOD = "routes: [{ path: /a, backends: [http://a] }]\n";

/** Makes a folder of the stage the working directory until the test is over. */
function enter(): string {
  const folder = stage.folder();
  const before = process.cwd();
  process.chdir(folder);
  stage.defer(() => process.chdir(before));
  return folder;
}

describe("the configuration file", () => {
  test("is the one that is named, whether or not it is there", () => {
    expect(findConfigFile(given({ operands: ["elsewhere.yaml"] }))).toBe("elsewhere.yaml");
    expect(findConfigFile(given({ flags: { config: "other.yaml" } }))).toBe("other.yaml");
  });

  test("cannot have an empty name", async () => {
    expect(await refusal(() => findConfigFile(given({ operands: [""] })))).toContain("is empty");
  });

  test("is config/gateway.yaml, or else gateway.yaml", async () => {
    const folder = enter();
    await Bun.write(join(folder, "gateway.yaml"), GOOD);
    expect(findConfigFile(given())).toBe("gateway.yaml");
    mkdirSync(join(folder, "config"));
    await Bun.write(join(folder, "config/gateway.yaml"), GOOD);
    expect(findConfigFile(given())).toBe("config/gateway.yaml");
  });

  test("cannot be given twice, even if both are the same", async () => {
    const both = given({ operands: ["a.yaml"], flags: { config: "a.yaml" } });
    expect(await refusal(() => findConfigFile(both))).toBe(
      "the configuration is given twice: a.yaml and --config a.yaml; which one is meant?",
    );
  });

  test("that is nowhere is an error that names the places", async () => {
    enter();
    expect(await refusal(() => findConfigFile(given()))).toBe(
      "no configuration: neither config/gateway.yaml nor gateway.yaml exists; name one with --config FILE, write one with `gateway init`, or try `gateway demo`",
    );
  });
});

describe("reading the configuration file", () => {
  const reading = (file: string) => refusal(() => readConfigFile(file, new FakeConsole()));

  test("answers the configuration and prints nothing", async () => {
    const file = join(stage.folder(), "a.yaml");
    await Bun.write(file, GOOD);
    const console = new FakeConsole();
    expect(await readConfigFile(file, console)).toHaveProperty("config.routes.0.path", "/a");
    expect(console).toMatchObject({ printed: "", complaints: "" });
  });

  test("says that there is no such file", async () => {
    const file = join(stage.folder(), "missing.yaml");
    expect(await reading(file)).toBe(`cannot read ${file}: no such file`);
  });

  test("says that it is a folder", async () => {
    const folder = stage.folder();
    expect(await reading(folder)).toBe(`cannot read ${folder}: it is a folder`);
  });

  test("gives any other reason by its code", async () => {
    const file = join(stage.folder(), "loop.yaml");
    symlinkSync(file, file);
    expect(await reading(file)).toBe(`cannot read ${file}: ELOOP`);
  });

  test("answers the same of a large file, which is read on its own thread", async () => {
    const file = join(stage.folder(), "large.yaml");
    await Bun.write(file, GOOD + `# ${"x".repeat(70)}\n`.repeat(1_000));
    const console = new FakeConsole();
    expect(await readConfigFile(file, console)).toHaveProperty("config.routes.0.path", "/a");
    expect(console).toMatchObject({ printed: "", complaints: "" });
  });

  test("again says that there is no such file any more", async () => {
    const file = join(stage.folder(), "missing.yaml");
    const again = await refusal(() => reloadConfigFile(file, {}));
    expect(again).toBe(`cannot read ${file}: no such file`);
  });
});
