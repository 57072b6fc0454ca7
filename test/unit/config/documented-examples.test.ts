import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { printed, ROUTE } from "./loading.ts";

const ROOT = join(import.meta.dir, "../../..");

const files = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Every YAML in a text, with the number of the line on which it begins. */
async function examplesIn(file: string): Promise<[place: string, yaml: string][]> {
  const text = await Bun.file(join(ROOT, file)).text();
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => {
    const line = text.slice(0, match.index).split("\n").length + 1;
    return [`${file}:${line}`, match[1] ?? ""];
  });
}

/** Every variable that a text mentions, long enough for a secret. */
const variablesIn = (yaml: string) =>
  Object.fromEntries(
    [...yaml.matchAll(/\$\{(\w+)/g)].map(([, name]) => [name, "0123456789abcdef0123456789abcdef"]),
  );

const examples = (await Promise.all(files.map(examplesIn))).flat();

describe("the examples of the documentation", () => {
  test("are found", () => {
    expect(examples.length).toBeGreaterThan(20);
  });

  test.each(examples)("%s is valid, and warns of nothing", (_, yaml) => {
    // What is about `server` alone shows no routes.
    const whole = /^routes:/m.test(yaml) ? yaml : `${yaml}${ROUTE}`;
    const found = printed(whole, variablesIn(yaml))
      .split("\n")
      .filter((line) => /: (?:error|warning): /.test(line));
    expect(found.filter((line) => !/\.(?:pem|yaml|json) does not exist;/.test(line))).toEqual([]);
  });
});
