import { expect, test } from "bun:test";
import { join } from "node:path";
import { fields } from "../../../src/telemetry/fields.ts";
import { SECRET_FIELDS, SECRET_PARAMETERS } from "../../../src/pipeline/redaction.ts";

const page = await Bun.file(join(import.meta.dir, "../../../docs/access-log.md")).text();
const all = Object.values(fields);

test("no two fields have the same column, nor the same place in a line", () => {
  const columns = all.map(({ column }) => column);
  const places = all.flatMap(({ inLine }) => (inLine === undefined ? [] : [inLine.place]));
  expect(new Set(columns).size).toBe(columns.length);
  expect(new Set(places).size).toBe(places.length);
});

test("the docs list every column, every limit, and every name whose values are left out", () => {
  const limits = all.flatMap((field) =>
    field.kind === "text" && Number.isFinite(field.limit) ? [`${field.limit}`] : [],
  );
  const missing = [
    ...all.map(({ column }) => `\`${column}\``),
    ...[...SECRET_FIELDS, ...SECRET_PARAMETERS].map((name) => `\`${name}\``),
    ...limits,
  ].filter((text) => !page.includes(text));
  expect(missing).toEqual([]);
});
