import {
  type ReferenceRow,
  type ReferenceSection,
  referenceSections,
} from "../config/reference.ts";
import { keyHints } from "../config/foreign-keys/hints.ts";
import { PLACEHOLDERS } from "../pipeline/placeholders.ts";
import { suggestion } from "./args.ts";
import { UsageError } from "./command.ts";

const WIDTH = 100;
const INDENT = "      ";

const INTRODUCTION = `The configuration is a YAML file. \`gateway init\` writes one to start from, \`gateway check\` reports
errors in it.

Durations are written like 250ms, 30s, 5m, 2h or 7d, sizes like 64KiB or 10MB, rates as a number per
second or like 600/m. Any value may contain environment variables, "\${NAME}" or "\${NAME:-default}",
and the content of files, "\${file:/run/secrets/name}".
`;

/**
 * The configuration reference for a terminal: all of it, or one key ("routes.tls", or just "tls") with
 * what is below it. Throws a UsageError with the nearest key if there is no such key.
 */
export function configHelp(key: string | undefined): string {
  const sections = referenceSections();
  if (key === undefined) return [INTRODUCTION, ...sections.map(sectionText)].join("\n");
  const wanted = plain(key);
  const section = sections.find((section) => section.key === wanted);
  if (section !== undefined) return sectionText(section);
  const rows = sections.flatMap((section) => section.rows);
  const found = rows.filter((row) => isBelow(plain(row.key), wanted));
  if (found.length > 0) return joined(found).map(rowText).join("\n");
  const keys = [...sections, ...rows].map((one) => plain(one.key));
  throw new UsageError(
    `unknown key ${key}${suggestion(wanted, keys)}\n\`gateway help config\` lists them all`,
  );
}

/** Whether `configHelp` knows it. */
export function hasKey(key: string): boolean {
  const wanted = plain(key);
  return referenceSections().some(({ key: section, rows }) =>
    [section, ...rows.map((row) => row.key)].some((one) => isBelow(plain(one), wanted)),
  );
}

/** Whether a key is the wanted one or below it; "auth.corp.jwt" is "auth.NAME.jwt". */
function isBelow(key: string, wanted: string): boolean {
  if (`.${key}.`.includes(`.${wanted}.`)) return true;
  const steps = key.split(".");
  return wanted.split(".").every((one, index) => steps[index] === one || steps[index] === NAME);
}

/** Stands in the reference for a name that the file chooses. */
const NAME = "NAME";

/** What a key of another gateway is here; undefined if it is not known. */
export function foreignHelp(key: string): string | undefined {
  for (const place of [["routes"], [], ["server"], ["auth", NAME]]) {
    const hint = keyHints.hintFor(key, place);
    if (hint !== undefined) return wrap(`${key}: ${hint.answer}.`, "  ");
  }
  return undefined;
}

/** What texts of the configuration may have in braces. */
export function placeholderHelp(): string {
  const text = `Texts that are made for each request may have placeholders: ${PLACEHOLDERS.join(" ")}. \`{path.NAME}\` is what \`:NAME\` or \`*NAME\` of the route's path matched, \`{header.NAME}\` a field that the client sent. What is absent becomes empty text; \`{{\` is a brace. docs/traffic.md explains each.`;
  return `placeholders\n${wrap(text, "  ")}`;
}

/** Keys that mean the same in upstreams and in routes with backends of their own become one. */
function joined(rows: readonly ReferenceRow[]): ReferenceRow[] {
  const byText = new Map<string, ReferenceRow>();
  for (const row of rows) {
    const text = JSON.stringify([
      row.takes,
      row.default,
      row.meaning,
      row.key.split(".").slice(-1),
    ]);
    const same = byText.get(text);
    byText.set(text, same === undefined ? row : { ...same, key: `${same.key}, ${row.key}` });
  }
  return [...byText.values()];
}

/** "routes[].tls.ca" as users write it: "routes.tls.ca". */
function plain(key: string): string {
  return key.replaceAll(/\[[0-9]*\]/g, "");
}

function sectionText({ key, meaning, isRequired, rows }: ReferenceSection): string {
  const heading = `${key}${isRequired ? " (required)" : ""}\n${wrap(meaning, "  ")}`;
  return [heading, ...rows.map(rowText)].join("\n");
}

function rowText(row: ReferenceRow): string {
  const otherwise = row.isRequired ? ", required" : row.default && `, default ${row.default}`;
  return `  ${row.key}: ${row.takes.replaceAll("`", "")}${otherwise}\n${wrap(row.meaning, INDENT)}`;
}

/** Breaks a text into lines that are not too long, each indented. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line !== indent && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd(), ""].join("\n");
}
