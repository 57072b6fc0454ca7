import { describe, expect, test } from "bun:test";
import { findCommand } from "../../../src/cli/find-command.ts";
import { commandWith, refusal } from "./fake-console.ts";

const COMMANDS = ["serve", "check", "mock", "init", "proxy", "version", "help"].map((name) =>
  commandWith({ name }),
);

describe("a command", () => {
  test.each([
    ["serve", "serve"],
    ["run", "serve"],
    ["start", "serve"],
    ["up", "serve"],
    ["check", "check"],
    ["validate", "check"],
    ["lint", "check"],
    ["reverse-proxy", "proxy"],
    ["--version", "version"],
    ["-v", "version"],
    ["-V", "version"],
    ["--help", "help"],
    ["-h", "help"],
    ["-?", "help"],
  ])("written %s is `%s`", (written, name) => {
    expect(findCommand(COMMANDS, written).name).toBe(name);
  });

  test.each([
    ["sevre", "unknown command sevre, did you mean serve?"],
    ["Check", "unknown command Check, did you mean check?"],
    ["valdate", "unknown command valdate, did you mean validate?"],
    ["test", "unknown command test; did you mean check?"],
    ["-t", "unknown command -t; did you mean check?"],
    ["docs", "unknown command docs; did you mean `gateway help config`?"],
    ["my.yaml", "unknown command my.yaml; to run a configuration: gateway serve my.yaml"],
    ["--config", "a command comes before the flags, like gateway serve --config"],
    ["xyzzyplugh", "unknown command xyzzyplugh"],
  ])("%s is unknown, and what was probably meant is said", async (name, words) => {
    expect(await refusal(() => findCommand(COMMANDS, name))).toBe(
      `${words}\n\`gateway help\` lists the commands`,
    );
  });
});
