import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import { exemptSchema, nameSchema, textKeySchema } from "../limits/common-keys.ts";
import { keyAdvice } from "../limits/limit-key.ts";
import { isTimeZone, type Per } from "./period.ts";
import { isKeyOfCredentials, textOfKey } from "./quota-key.ts";
import type { QuotaId } from "./count-file.ts";

/** Counts and limits are exact in SQLite, in Redis and in a number of JSON. */
const MOST = 1_000_000_000_000;
const MOST_COST = 1_000_000;

const EXPECTED = "{ limit, per, key }, or text like 100000/month";

const quotaSchema = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: MOST,
      description: "How many requests of one key are admitted in a period.",
      expected: `a whole number from 1 to ${MOST}`,
      advice: (written: string) => {
        const [, limit, per] = /^([0-9]+) ?(?:\/|per) ?(day|week|month)$/i.exec(written) ?? [];
        return limit === undefined ? undefined : `write \`limit: ${limit}, per: ${per}\``;
      },
    }),
    per: Type.Union([Type.Literal("day"), Type.Literal("week"), Type.Literal("month")], {
      description:
        "The period: a day from midnight, a week from Monday, or a month from its first day, in `time_zone`.",
      expected: "day, week or month",
      advice: perAdvice,
    }),
    key: Type.Union(
      [Type.Literal("subject"), Type.Literal("all"), Type.Literal("client_ip"), textKeySchema],
      {
        default: "subject",
        description:
          "Whose requests are counted together: those of each `subject` that the route's `auth` has recognized, of `all`, of each `client_ip` address (of each /64 network in IPv6), or those that have the same text, like `\"{auth.claims.org}\"`. Requests without the value count as one. Default: `subject`, so that no client uses up another's quota; without `auth` it is the same as `all`.",
        expected: 'subject, all, client_ip, or text with placeholders, like "{auth.claims.org}"',
        advice: (written: string) => keyAdvice(written, "write `subject`"),
      },
    ),
    time_zone: Type.String({
      default: "UTC",
      description: "Where periods begin at midnight: a name like Europe/Berlin, or UTC.",
      expected: "a time zone, like Europe/Berlin or UTC",
    }),
    cost: Type.Integer({
      minimum: 1,
      maximum: MOST_COST,
      default: 1,
      description:
        "How many requests one counts for. Useful where a quota is shared by routes that cost more or less.",
    }),
    exempt: exemptSchema("quota"),
    name: nameSchema(
      "The quota's name in the RateLimit fields, in `gateway quota` and in the file of counts. Quotas of the same name are one, from which all routes draw that write it. Default: the route's name or path.",
    ),
  },
  { additionalProperties: false, expected: EXPECTED },
);

const SHORT = /^([1-9][0-9]{0,11}) ?(?:\/|per) ?(day|week|month)$/;

/** A limit and its period alone. */
const short = Type.String({ pattern: SHORT.source });

const oneQuota = Type.Union([short, quotaSchema], { expected: EXPECTED });

/** `quota` of a route. */
export const routeSchema = Type.Union(
  [short, quotaSchema, Type.Literal(false), Type.Array(oneQuota, { minItems: 1 })],
  {
    description:
      "How many requests each client may make in a day, a week or a month, or a list of such quotas; a request must be within all of them. Counts outlive restarts. `false`: none, under a default.",
    expected: `${EXPECTED}, or a list of these`,
    advice: quotaAdvice,
  },
);

export type QuotaConfig = StaticDecode<typeof quotaSchema>;
export type QuotasConfig = StaticDecode<typeof routeSchema>;

/** The quotas of a configuration, whatever its form, each with the path to it. */
export function quotasOf(written: QuotasConfig): { config: QuotaConfig; path: number[] }[] {
  if (written === false) return [];
  if (!Array.isArray(written)) return [{ config: asQuota(written), path: [] }];
  return written.map((one, index) => ({ config: asQuota(one), path: [index] }));
}

function asQuota(written: string | QuotaConfig): QuotaConfig {
  if (typeof written !== "string") return written;
  const [, limit = "", per = ""] = SHORT.exec(written) ?? [];
  return { limit: Number(limit), per: per as Per, key: "subject", time_zone: "UTC", cost: 1 };
}

/** What its counts are kept under; `place` is the name of a quota that has none of its own. */
export function idOf({ name, per, time_zone, key }: QuotaConfig, place: string): QuotaId {
  return { name: name ?? place, per, timeZone: time_zone, key: textOfKey(key) };
}

function perAdvice(written: string): string | undefined {
  if (/^(?:1 ?)?(?:s|m|h|sec|min|minute|second|hour)(?:s|ly)?$/i.test(written)) {
    return "for shorter times there is `rate_limit`, like 1000/h";
  }
  const unit = /^(?:1 ?)?(da|d|week|w|month|mo)/i.exec(written)?.[1]?.toLowerCase();
  if (unit === undefined) return undefined;
  return `write \`${unit.startsWith("d") ? "day" : unit.startsWith("w") ? "week" : "month"}\``;
}

function quotaAdvice(written: string): string | undefined {
  if (/^[0-9]+$/.test(written)) return `add the period, like \`${written}/month\``;
  if (/^[0-9]+\/(?:s|m|h|sec|second|min|minute|hour)$/i.test(written)) {
    return `for shorter times there is \`rate_limit: ${written}\``;
  }
  return /^(?:off|no|none|unlimited)$/i.test(written)
    ? "for no quota on this route, leave the key out or write `false`"
    : undefined;
}

export function checkQuotas(written: QuotasConfig): ConfigIssue[] {
  const seen = new Set<string>();
  return quotasOf(written).flatMap(({ config, path }) => {
    const issues = under(path, checkQuota(config));
    const id = JSON.stringify(idOf(config, ""));
    if (seen.has(id)) {
      const message =
        "this counts the same as a quota before it, so one of them has no effect; remove it, or give it a `key` or `per` of its own";
      issues.push({ path: [...path, "per"], message });
    }
    seen.add(id);
    return issues;
  });
}

function checkQuota({ limit, cost, key, time_zone: timeZone }: QuotaConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (!isTimeZone(timeZone)) {
    const message = `there is no time zone \`${timeZone}\`; write one like Europe/Berlin, or UTC`;
    issues.push({ path: ["time_zone"], message });
  }
  if (cost > limit) {
    const message = `a request that counts for ${cost} would never be admitted by a limit of ${limit}; lower \`cost\` or raise \`limit\``;
    issues.push({ path: ["cost"], message });
  }
  if (isKeyOfCredentials(key)) {
    const message =
      "this key is a secret, which a client can also make up; `subject` counts by who it belongs to";
    issues.push({ path: ["key"], message, severity: "warning" });
  }
  return issues;
}
