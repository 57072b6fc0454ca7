import type { ConfigIssue } from "../pipeline/policy.ts";
import { isParsedText } from "../pipeline/placeholders.ts";
import { closest } from "../units/closest.ts";
import type { Pattern } from "../routing/pattern.ts";

/** Finds `{path.NAME}` in the texts of a route whose path has no such name. */
export function checkPathNames(route: object, { segments }: Pattern): ConfigIssue[] {
  const names = segments.flatMap((segment) =>
    segment.kind === "static" || segment.name === undefined ? [] : [segment.name],
  );
  return issuesIn(route, [], names);
}

function issuesIn(
  value: unknown,
  path: readonly (string | number)[],
  names: readonly string[],
): ConfigIssue[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => issuesIn(item, [...path, index], names));
  }
  if (!isParsedText(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      key === "pattern" ? [] : issuesIn(item, [...path, key], names),
    );
  }
  return value.parts.flatMap((part): ConfigIssue[] => {
    if (typeof part === "string" || part.source !== "path" || names.includes(part.name)) return [];
    return [{ path, message: unknownName(part.name, names), offset: part.offset }];
  });
}

function unknownName(name: string, names: readonly string[]): string {
  const message = `the path of this route has no \`:${name}\` or \`*${name}\``;
  const meant = closest(name, names) ?? (names.length === 1 ? names[0] : undefined);
  if (meant !== undefined) return `${message}; did you mean \`{path.${meant}}\`?`;
  if (names.length === 0) return message;
  return `${message}, only ${names.map((one) => `\`${one}\``).join(", ")}`;
}
