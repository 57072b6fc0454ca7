import { Type } from "@sinclair/typebox";
import { Elysia, t } from "elysia";
import { StoreUnavailable } from "../../pipeline/shared-store.ts";
import type { SheetId, Usage } from "../../policies/quota/count-file.ts";
import { describeCount, describeQuota } from "../../policies/quota/description.ts";
import { type KnownQuota, quotasOfRoutes } from "../../policies/quota/overview.ts";
import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import type { Clock } from "../../time/clock.ts";
import { printable } from "../../units/printable.ts";

export interface QuotaPagesSubject {
  readonly snapshot: () => Snapshot;
  readonly clock: Clock;
  /** Called with each change of a count, for the log. */
  readonly onChange: (message: string) => void;
}

/** Counts on a page: by default and at most. */
const PAGE = 100;
const LARGEST_PAGE = 1_000;
/** Counts and grants are exact up to here. */
const MOST = 1_000_000_000_000;

const per = t.Optional(t.Union([t.Literal("day"), t.Literal("week"), t.Literal("month")]));

const filter = t.Object(
  {
    quota: t.Optional(t.String()),
    route: t.Optional(t.String()),
    per,
    key: t.Optional(t.String()),
    limit: t.Optional(t.String({ pattern: "^[0-9]{1,4}$" })),
    cursor: t.Optional(t.String({ pattern: "^[0-9]{1,9}$" })),
  },
  { additionalProperties: false },
);

const count = { minimum: 0, maximum: MOST };

const change = t.Object(
  {
    quota: t.Optional(t.String()),
    route: t.Optional(t.String()),
    per,
    key: t.String({ maxLength: 1_024 }),
    // Elysia's own also takes numbers in quotes.
    used: t.Optional(Type.Integer(count)),
    grant: t.Optional(Type.Integer({ minimum: -MOST, maximum: MOST })),
    reset: t.Optional(t.Literal(true)),
  },
  { additionalProperties: false },
);

/**
 * GET /admin/quotas: the quotas, and what keys have used of them in the current period, most first; by
 * pages. POST changes what one key has used, or grants it more until the period ends.
 */
export function quotaPages({ snapshot, clock, onChange }: QuotaPagesSubject) {
  const known = () => quotasOfRoutes(snapshot().routes);
  return new Elysia()
    .get(
      "/quotas",
      async ({ query: { limit = `${PAGE}`, cursor = "0", key, ...wanted } }) => {
        const quotas = known().filter((quota) => isMeant(quota, wanted));
        const now = clock.wall();
        const offset = Number(cursor);
        const size = Math.min(Number(limit), LARGEST_PAGE);
        const { counts, isWhole } = await countsOf(quotas, { key, offset, limit: size + 1 }, now);
        return {
          quotas: quotas.map((quota) => describeQuota(quota, quota.rule.counts.sheetAt(now))),
          counts: counts.slice(0, size),
          next: size > 0 && counts.length > size ? `${offset + size}` : null,
          complete: isWhole,
        };
      },
      { query: filter },
    )
    .post(
      "/quotas",
      async ({ body: { key, used, grant, reset, ...wanted }, status }) => {
        if ([used, grant, reset].filter((one) => one !== undefined).length !== 1) {
          return status(422, "name exactly one of `used`, `grant` and `reset`\n");
        }
        const meant = known().filter((quota) => isMeant(quota, wanted));
        const [quota] = meant;
        if (quota === undefined) return status(404, `${noSuchQuota(known())}\n`);
        if (meant.length > 1) return status(422, `${severalQuotas(meant)}\n`);
        const { rule, counting } = quota;
        const place = await rule.counts.find(key, clock.wall());
        const before: Usage = { used: place.used, granted: place.granted };
        const after =
          reset === true
            ? { used: 0, granted: 0 }
            : {
                used: used ?? before.used,
                granted: Math.max(0, before.granted + (grant ?? 0)),
              };
        let saved: boolean;
        try {
          saved = await counting.adjust(place, after);
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) throw error;
          return status(503, "the shared store does not answer; nothing was changed\n");
        }
        const { name, per } = quota.id;
        onChange(
          `quota ${name} per ${per}: ${printable(key)} was set from ${usageText(before)} to ${usageText(after)}`,
        );
        return { before, after: describeCount(quota, place, after), saved };
      },
      { body: change },
    );
}

interface Wanted {
  readonly quota?: string | undefined;
  readonly route?: string | undefined;
  readonly per?: string | undefined;
}

function isMeant({ id, routes }: KnownQuota, { quota, route, per }: Wanted): boolean {
  return (
    (quota === undefined || id.name === quota) &&
    (route === undefined || routes.includes(route)) &&
    (per === undefined || id.per === per)
  );
}

async function countsOf(
  quotas: readonly KnownQuota[],
  query: { key: string | undefined; offset: number; limit: number },
  now: number,
) {
  const [first] = quotas;
  if (first === undefined) return { counts: [], isWhole: true };
  const sheets = quotas.map(({ rule }) => rule.counts.sheetAt(now));
  // All of a gateway's quotas are counted in one place.
  const { counts, isWhole } = await first.counting.list(sheets, query);
  const bySheet = new Map<SheetId, KnownQuota>();
  for (const quota of quotas) bySheet.set(quota.rule.counts.sheetAt(now), quota);
  const described = counts.flatMap((count) => {
    const quota = bySheet.get(count.sheet);
    return quota === undefined ? [] : [describeCount(quota, count, count)];
  });
  return { counts: described, isWhole };
}

function usageText({ used, granted }: Usage): string {
  return granted === 0 ? `${used} used` : `${used} used and ${granted} granted`;
}

function namesOf(quotas: readonly KnownQuota[]): string {
  return quotas.map(({ id: { name, per } }) => `${name} per ${per}`).join(", ");
}

function noSuchQuota(quotas: readonly KnownQuota[]): string {
  return quotas.length === 0
    ? "no route has a quota"
    : `there is no such quota; quotas: ${namesOf(quotas)}`;
}

function severalQuotas(quotas: readonly KnownQuota[]): string {
  return `several quotas are meant; name one by \`quota\` and \`per\`: ${namesOf(quotas)}`;
}
