import { type StaticDecode, Type } from "@sinclair/typebox";
import { TOKEN } from "../../http/fields.ts";
import { type ParsedText, PlaceholderText } from "../../pipeline/placeholders.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { Duration, parseDuration } from "../../units/duration.ts";
import { parseSize, Size } from "../../units/size.ts";

const MEBIBYTE = 1_048_576;

const properties = {
  max_size: Size({
    description:
      "Memory for the stored answers of this route, with their fields and keys; those that were not used for longest make room. Enough for some 25,000 small answers. Each route has its own.",
    default: "64MiB",
    least: MEBIBYTE,
  }),
  max_entry: Type.Optional(
    Size({
      description:
        "The largest content that is stored, at most half of `max_size`. Larger answers pass without being stored, because one of them would displace hundreds of small ones. Default: 1MiB.",
      least: 1,
    }),
  ),
  ttl: Type.Optional(
    Duration({
      description:
        "How long answers 200, 203, 301 and 308 that say nothing of their freshness (`max-age`, `s-maxage`, `Expires`) are used. By default they are not stored: what a backend has not declared cacheable may be for one client only.",
    }),
  ),
  stale_if_error: Duration({
    description:
      "How long after its freshness a stored answer stands in for an error of the backend (500, 502, 503, 504). By default only as long as the answer itself allows, because a stale answer can be wrong.",
    default: "0",
  }),
  vary_by: Type.Array(
    PlaceholderText({
      check: varyByProblem,
      expected: "a field's name, like accept-language, or a placeholder, like {cookie.theme}",
    }),
    {
      description:
        "What tells requests with the same URL apart, in addition to `Vary`: names of request fields, or texts with placeholders. With `{auth.subject}` each user has answers of their own.",
      default: [],
    },
  ),
};

/** The values that are other ones for each request, or not known before a backend is asked. */
const USELESS: ReadonlySet<string> = new Set(["request.id", "trace.id", "backend.url"]);

function varyByProblem({ text, parts }: ParsedText): TextProblem | undefined {
  const placeholders = parts.filter((part) => typeof part !== "string");
  if (placeholders.length === 0 && !TOKEN.test(text)) {
    return new TextProblem(`\`${text}\` is neither a field's name nor a text with placeholders`, 0);
  }
  const useless = placeholders.find(({ source }) => USELESS.has(source));
  return (
    useless &&
    new TextProblem(
      `no two requests have the same \`{${useless.source}}\` when they are looked up`,
      useless.offset,
    )
  );
}

export const cacheSchema = Type.Union(
  [Type.Boolean(), Type.Object(properties, { additionalProperties: false })],
  {
    description:
      "Stores answers in memory and uses them again, as a shared cache by RFC 9111. `true` has the defaults below, `false` turns off what `defaults` turn on.",
    expected: "true, false or {max_size, max_entry, ttl, stale_if_error, vary_by}",
    advice: cacheAdvice,
  },
);

function cacheAdvice(written: string): string | undefined {
  if (/^(?:yes|on)$/i.test(written)) return "write `true`";
  if (/^(?:no|off)$/i.test(written)) return "write `false`";
  if (parseDuration(written) !== undefined) return `write \`{ ttl: ${written} }\``;
  return parseSize(written) === undefined ? undefined : `write \`{ max_size: ${written} }\``;
}

export type CacheConfig = StaticDecode<typeof cacheSchema>;
export type CacheSettings = Exclude<CacheConfig, boolean>;

/** What `true` stands for. */
export const DEFAULTS: CacheSettings = {
  max_size: 64 * MEBIBYTE,
  stale_if_error: 0,
  vary_by: [],
};

/** Bytes of the largest content that is stored. */
export function maxEntryOf({ max_entry, max_size }: CacheSettings): number {
  return max_entry ?? Math.min(MEBIBYTE, max_size / 2);
}

export function checkCache(config: CacheConfig): ConfigIssue[] {
  if (typeof config === "boolean" || maxEntryOf(config) <= config.max_size / 2) return [];
  const message =
    "`max_entry` is more than half of `max_size`: a single answer would displace all others";
  return [{ path: ["max_entry"], message }];
}
