import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commit } from "../../build.ts";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dir, "../..");

describe("a build", () => {
  test("without git names no commit", () => {
    expect(commit(null)).toBe("");
  });

  test("with a git that knows nothing of the folder names no commit", () => {
    expect(commit(Bun.which("false"))).toBe("");
  });
});

describe("the commands in the documentation", () => {
  const documents = ["*.md", "docs/*.md", "test/*/*.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync(ROOT),
  ]);
  const commands = documents.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return [...text.matchAll(/(?<=^|`|&& )(?:npm|npx|bun|bunx) [a-z][^`#&\n]*/gm)].map(
      ([command]) => [command.trim(), file] as const,
    );
  });

  test.each(commands)("`%s` in %s can be typed where there is only Node and npm", (command) => {
    const [program = "", verb = "", name = ""] = command.split(" ");
    if (program === "bun") {
      // For a machine with only Bun, which the README says.
      expect(command).toBeOneOf(["bun install", "bun run start", "bun run test"]);
    } else if (program === "npx") expect(verb).toBe("bun");
    else if (verb === "run") expect(packageJson.scripts).toHaveProperty([name]);
    else expect(verb).toBeOneOf(["install", "start", "test"]);
  });
});
