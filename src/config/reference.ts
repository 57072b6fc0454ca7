import { KindGuard, OptionalKind, type TSchema } from "@sinclair/typebox";
import { configSchema } from "./schema.ts";
import { upstreamKeys } from "./sections.ts";
import { aliasesOf } from "../documents/reading/aliases.ts";
import { expectedBy } from "../documents/reading/words.ts";

/** A key at the top of the configuration, with all keys below it. */
export interface ReferenceSection {
  readonly key: string;
  readonly meaning: string;
  readonly isRequired: boolean;
  readonly rows: readonly ReferenceRow[];
}

/** A key of the configuration. `default` is as it would be written, empty if there is none. */
export interface ReferenceRow {
  readonly key: string;
  readonly takes: string;
  readonly default: string;
  readonly isRequired: boolean;
  readonly meaning: string;
}

/** Every key of the configuration, from the schema itself. */
export function referenceSections(): ReferenceSection[] {
  return Object.entries<TSchema>(configSchema.properties).map(([key, schema]) => ({
    key,
    meaning: describe(schema),
    isRequired: isRequired(schema),
    rows: rowsBelow(key, schema),
  }));
}

/** The configuration reference as Markdown. */
export function configurationReference(): string {
  return `${[INTRODUCTION, ...referenceSections().map(sectionText)].join("\n\n")}\n`;
}

const INTRODUCTION = `# Configuration reference
Generated from the schema by \`npm run docs\`; [config/gateway.example.yaml](../config/gateway.example.yaml) shows every key in place.

- **Durations**: \`250ms\`, \`30s\`, \`5m\`, \`1h30m\`, \`7d\`, or in words (\`30 seconds\`); at most a year.
- **Sizes**: \`64KiB\` (1024), \`10MB\` (1000), or bytes as a number. \`10M\`, \`64k\` and \`1G\` are powers of 1024, as in nginx, HAProxy and Apache.
- **Rates**: a number per second, \`600/m\`, \`10/sec\`, \`10rps\` or \`1000 per hour\`.
- **Percentages**: \`20%\`, \`2.5%\`.
- **Lists** of names may be text: \`methods: GET, POST\`. A single entry may replace a list of one.
- **Sections** with an \`enabled\` may be \`true\` or \`false\`: \`cors: true\` turns CORS on with its defaults. A section that is present is enabled. One with nothing below it counts as left out, with a warning: often all of its lines are commented out.
- **Environment variables** may be part of any value: \`\${NAME}\`, or \`\${NAME:-default}\`. \`\${file:/run/secrets/name}\` is the content of a file, without the line break at its end. \`$\${\` stands for a literal \`\${\`.
- **Anchors, aliases and merge keys** of YAML may be used. Top-level keys that begin with \`x-\` are ignored, as a place for anchors.

An unknown key, a wrong type or an impossible value is an error; \`gateway check\` reports all of them with their positions, and warns of what is valid but probably not meant.`;

function sectionText({ key, meaning, isRequired, rows }: ReferenceSection): string {
  const own = key === "routes" ? rows.filter((row) => !isUpstreams(row.key)) : rows;
  const note = key === "routes" ? `\n\n${OF_UPSTREAMS}` : "";
  const heading = `## ${key}\n${meaning}${isRequired ? " Required." : ""}${note}`;
  return own.length === 0 ? heading : `${heading}\n\n${table(own)}`;
}

/** The keys of upstreams are described once, there. */
function isUpstreams(key: string): boolean {
  const name = /^routes\[\]\.(\w+)/.exec(key)?.[1] ?? "";
  return SHARED.includes(name);
}

const SHARED = Object.keys(upstreamKeys).filter((key) => key !== "backends");

const OF_UPSTREAMS = `A route with \`backends\` of its own also takes the other keys of an [upstream](#upstreams), which mean the same here: ${SHARED.map((key) => `\`${key}\``).join(", ")}.`;

/** Every key below one, including those of nested mappings and of list items. */
function rowsBelow(prefix: string, schema: TSchema): ReferenceRow[] {
  if ("isListedElsewhere" in schema) return [];
  const mapping = mappingOf(schema);
  if (mapping !== undefined) {
    const rows = Object.entries<TSchema>(mapping["properties"]).flatMap(([name, property]) => {
      const key = `${prefix}.${name}`;
      return [rowOf(key, property), ...rowsBelow(key, property)];
    });
    return [...rows, ...aliasRows(prefix, mapping)];
  }
  if (KindGuard.IsUnion(schema)) {
    const named = schema.anyOf.find((form) => KindGuard.IsRecord(form));
    return named === undefined ? [] : rowsBelow(prefix, named);
  }
  if (KindGuard.IsRecord(schema)) {
    const key = `${prefix}.NAME`;
    return Object.values<TSchema>(schema.patternProperties).flatMap((value) => [
      // Without a description of its own, the one of the mapping is about its values.
      ...(describe(value) === "" ? [] : [rowOf(key, value)]),
      ...rowsBelow(key, value),
    ]);
  }
  return KindGuard.IsArray(schema) ? rowsBelow(`${prefix}[]`, schema.items) : [];
}

function aliasRows(prefix: string, mapping: TSchema): ReferenceRow[] {
  return Object.entries(aliasesOf(mapping) ?? {}).map(([alias, [section, key]]) => {
    const own = mapping["properties"][section];
    return {
      key: `${prefix}.${alias}`,
      takes: expectedBy(key === undefined ? own : own.properties[key]),
      default: "",
      isRequired: false,
      meaning: `An older name of ${[prefix, section, key].filter((part) => part !== undefined).join(".")}.`,
    };
  });
}

function rowOf(key: string, schema: TSchema): ReferenceRow {
  return {
    key,
    takes: expectedBy(schema),
    default: defaultOf(schema),
    isRequired: isRequired(schema),
    meaning: describe(schema),
  };
}

/** The schema itself if it is a mapping, or the mapping among its forms. */
function mappingOf(schema: TSchema): TSchema | undefined {
  if (KindGuard.IsObject(schema)) return schema;
  return KindGuard.IsUnion(schema)
    ? schema.anyOf.find((form) => KindGuard.IsObject(form))
    : undefined;
}

function table(rows: readonly ReferenceRow[]): string {
  const lines = rows.map(
    (row) => `| \`${row.key}\` | ${cell(row.takes)} | ${ifAbsent(row)} | ${cell(row.meaning)} |`,
  );
  return ["| key | value | default | meaning |", "|---|---|---|---|", ...lines].join("\n");
}

function ifAbsent(row: ReferenceRow): string {
  if (row.default !== "") return `\`${row.default}\``;
  return row.isRequired ? "required" : "";
}

function defaultOf(schema: TSchema): string {
  const value: unknown = schema.default ?? schema["impliedDefault"];
  if (value === undefined || KindGuard.IsObject(schema)) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
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
