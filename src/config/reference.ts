import { KindGuard, OptionalKind, type TSchema } from "@sinclair/typebox";
import { configSchema } from "./schema.ts";
import { expectedBy } from "./reading/words.ts";

/** The configuration reference as Markdown: every key, from the schema itself. */
export function configurationReference(): string {
  const sections = Object.entries(configSchema.properties).map(([key, schema]) =>
    sectionOf(key, schema),
  );
  return `${[INTRODUCTION, ...sections].join("\n\n")}\n`;
}

const INTRODUCTION = `# Configuration reference
Generated from the schema by \`bun run docs\`; [config/gateway.example.yaml](../config/gateway.example.yaml) shows every key in place.

Durations are written like \`250ms\`, \`30s\`, \`5m\`, \`2h\` or \`7d\`, sizes like \`64KiB\` or \`10MB\`, rates as a number per second or like \`600/m\`. Any value may hold environment variables: \`\${NAME}\`, or \`\${NAME:-default}\`; \`$\${\` stands for itself. Aliases, anchors and merge keys of YAML may be used. An unknown key, a wrong type or an impossible value is an error, told with its place by \`gateway check\`.`;

function sectionOf(key: string, schema: TSchema): string {
  const rows = rowsBelow(key, schema);
  const heading = `## ${key}\n${describe(schema)}${isRequired(schema) ? " Required." : ""}`;
  return rows.length === 0 ? heading : `${heading}\n\n${table(rows)}`;
}

interface Row {
  readonly key: string;
  readonly schema: TSchema;
}

/** Every key below one, those of mappings within it and of the entries of lists too. */
function rowsBelow(prefix: string, schema: TSchema): Row[] {
  const mapping = mappingOf(schema);
  if (mapping !== undefined) {
    return Object.entries<TSchema>(mapping["properties"]).flatMap(([name, property]) => {
      const key = `${prefix}.${name}`;
      return [{ key, schema: property }, ...rowsBelow(key, property)];
    });
  }
  return KindGuard.IsArray(schema) ? rowsBelow(`${prefix}[]`, schema.items) : [];
}

/** A mapping, or the mapping among the forms that a value may have. */
function mappingOf(schema: TSchema): TSchema | undefined {
  if (KindGuard.IsObject(schema)) return schema;
  return KindGuard.IsUnion(schema)
    ? schema.anyOf.find((form) => KindGuard.IsObject(form))
    : undefined;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ key, schema }) =>
      `| \`${key}\` | ${cell(expectedBy(schema))} | ${defaultOf(schema)} | ${cell(describe(schema))} |`,
  );
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function defaultOf(schema: TSchema): string {
  const value: unknown = schema.default;
  if (value === undefined) return isRequired(schema) ? "required" : "";
  if (KindGuard.IsObject(schema)) return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function isRequired(schema: TSchema): boolean {
  return schema.default === undefined && schema[OptionalKind] === undefined;
}

function describe(schema: TSchema): string {
  return schema.description ?? "";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
