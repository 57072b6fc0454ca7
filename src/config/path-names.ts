import type { ConfigIssue } from "../pipeline/policy.ts";
import { placeholdersIn, textsIn } from "../pipeline/parsed-texts.ts";
import { closest } from "../units/closest.ts";
import type { Pattern } from "../routing/pattern.ts";

/** Finds `{path.NAME}` in the texts of a route whose path has no such name, or not as it is meant. */
export function checkPathNames(route: object, pattern: Pattern): ConfigIssue[] {
  const { segments } = pattern;
  const last = segments.at(-1);
  const isUnnamed = last?.kind === "wildcard" && last.name === undefined;
  const names = segments.flatMap((segment) =>
    segment.kind === "static" || segment.name === undefined ? [] : [segment.name],
  );
  const unknown = placeholdersIn(route).flatMap(({ source, name, path, offset }): ConfigIssue[] => {
    if (source !== "path" || names.includes(name)) return [];
    const message = unknownName(name, names);
    const remedy = isUnnamed && names.length === 0 ? `; write \`${pattern.path}${name}\`` : "";
    return [{ path, message: `${message}${remedy}`, offset }];
  });
  return [...unknown, ...checkWildcards(route, last)];
}

/** Warns of what a wildcard matched that is put right behind a name: it begins without a slash. */
function checkWildcards(route: object, last: Pattern["segments"][number] | undefined) {
  if (last?.kind !== "wildcard" || last.name === undefined) return [];
  return textsIn(route).flatMap(({ path, text }): ConfigIssue[] => {
    const [key] = path;
    const joined = new RegExp(`[\\w.~-]\\{path\\.${last.name}\\}`).exec(text);
    if (joined === null || (key !== "rewrite" && key !== "redirect")) return [];
    const message = `\`{path.${last.name}}\` begins without a slash; write \`/{path.${last.name}}\``;
    return [{ path, message, offset: joined.index + 1, severity: "warning" }];
  });
}

function unknownName(name: string, names: readonly string[]): string {
  const message = `the path of this route has no \`:${name}\` or \`*${name}\``;
  const meant = closest(name, names) ?? (names.length === 1 ? names[0] : undefined);
  if (meant !== undefined) return `${message}; did you mean \`{path.${meant}}\`?`;
  if (names.length === 0) return message;
  return `${message}, only ${names.map((one) => `\`${one}\``).join(", ")}`;
}
