import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "../../../../src/telemetry/metrics/family.ts";
import { allFamilies } from "./all-families.ts";

const DOCS = join(import.meta.dir, "../../../../docs");
const families = allFamilies();

/** The family's row in the table of docs/metrics.md. */
function rowOf({ name, kind, labels, help }: Family): string {
  const shown = labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${name}\` | ${kind} | ${shown} | ${help} |`;
}

describe("docs/metrics.md", () => {
  test("has a row for each metric, and for no other", () => {
    const text = readFileSync(join(DOCS, "metrics.md"), "utf8");
    const rows = text.split("\n").filter((line) => /^\| `(?:gateway|process)_/.test(line));
    expect(rows.toSorted()).toEqual(families.map(rowOf).toSorted());
  });
});

describe.each(families.map((family) => [family.name, family] as const))("%s", (name, family) => {
  test("is named by Prometheus' conventions", () => {
    expect(name).toMatch(/^(?:gateway|process)_[a-z][a-z0-9_]*[a-z]$/);
    expect(name.endsWith("_total")).toBe(family.kind === "counter");
    expect(name).not.toMatch(/_(?:ms|milliseconds|kilobytes|percent|count|sum|bucket)(?:_|$)/);
    expect(family.help).toMatch(/^[A-Z1].*\.$/);
  });
});

describe.each(["grafana-dashboard.json", "alerts.yaml"])("docs/%s", (file) => {
  test("asks only for metrics that there are", () => {
    const text = readFileSync(join(DOCS, file), "utf8");
    const known = new Set(
      families.flatMap(({ name, kind }) =>
        kind === "histogram" ? ["", "_bucket", "_sum", "_count"].map((end) => name + end) : [name],
      ),
    );
    const asked = [...text.matchAll(/\b(?:gateway|process)_[a-z0-9_]+(?=[{[)\s"]|\\n|$)/g)];
    const names = [...new Set(asked.map(([name]) => name))];
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
