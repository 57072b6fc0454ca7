import type { ConfigIssue } from "../pipeline/policy.ts";
import { placeholdersIn } from "../pipeline/parsed-texts.ts";
import { closest } from "../units/closest.ts";
import type { Pattern } from "../routing/pattern.ts";

/** Finds `{path.NAME}` in the texts of a route whose path has no such name. */
export function checkPathNames(route: object, { segments }: Pattern): ConfigIssue[] {
  const names = segments.flatMap((segment) =>
    segment.kind === "static" || segment.name === undefined ? [] : [segment.name],
  );
  return placeholdersIn(route).flatMap(({ source, name, path, offset }): ConfigIssue[] =>
    source !== "path" || names.includes(name)
      ? []
      : [{ path, message: unknownName(name, names), offset }],
  );
}

function unknownName(name: string, names: readonly string[]): string {
  const message = `the path of this route has no \`:${name}\` or \`*${name}\``;
  const meant = closest(name, names) ?? (names.length === 1 ? names[0] : undefined);
  if (meant !== undefined) return `${message}; did you mean \`{path.${meant}}\`?`;
  if (names.length === 0) return message;
  return `${message}, only ${names.map((one) => `\`${one}\``).join(", ")}`;
}
