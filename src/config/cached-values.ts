import type { ConfigIssue } from "../pipeline/policy.ts";
import { placeholdersIn, writtenPlaceholder } from "../pipeline/parsed-texts.ts";
import { isParsedText } from "../pipeline/placeholders.ts";

/** What requests for one URL differ by. The cache itself sees to those of who is logged in. */
const BY_CLIENT: ReadonlySet<string> = new Set(["client.ip", "cookie", "header"]);

/** Finds values of one client that the cache of a route would give to others, within answers. */
export function checkCachedValues(route: object): ConfigIssue[] {
  const cache: unknown = Reflect.get(route, "cache");
  if (cache === undefined || cache === false) return [];
  const known = knownBy(cache);
  return placeholdersIn(Reflect.get(route, "response"), ["response"]).flatMap(
    ({ path, offset, ...placeholder }): ConfigIssue[] => {
      const written = writtenPlaceholder({ ...placeholder, offset });
      if (!BY_CLIENT.has(placeholder.source) || known.has(written)) return [];
      const message = `\`cache\` would give this value of one client to others: write \`vary_by: ["{${written}}"]\` below it, or leave the value out`;
      return [{ path, message, offset }];
    },
  );
}

/** What the cache tells requests apart by: placeholders, and names of fields. */
function knownBy(cache: unknown): ReadonlySet<string> {
  const varyBy: unknown =
    typeof cache === "object" && cache !== null ? Reflect.get(cache, "vary_by") : undefined;
  const names = (Array.isArray(varyBy) ? varyBy : []).flatMap((text: unknown) =>
    typeof text === "object" && text !== null && isParsedText(text) && text.parts.length === 1
      ? text.parts.filter((part) => typeof part === "string")
      : [],
  );
  return new Set([
    ...placeholdersIn(varyBy).map(writtenPlaceholder),
    ...names.map((name) => `header.${name.toLowerCase()}`),
  ]);
}
