import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Checkable, IsWhole } from "../pipeline/section.ts";
import { isKeyOfIdentity } from "../policies/limits/limit-key.ts";
import { idOf, type QuotaConfig, type QuotasConfig, quotasOf } from "../policies/quota/schema.ts";
import { isAnonymous, type IsWritten, type Path, withoutAuth } from "./limit-relations.ts";
import type { Config } from "./schema.ts";

/** A quota, and where it is written in the configuration. */
interface Found {
  readonly quota: QuotaConfig;
  readonly path: Path;
}

/** Finds quotas that contradict each other, or count by who sends requests of which nobody knows that. */
export function checkQuotaRelations(
  { routes = [] }: Checkable<Config>,
  isWritten: IsWritten,
  isWhole: IsWhole,
): ConfigIssue[] {
  const warnings: ConfigIssue[] = [];
  const found = routes.flatMap((route, index): Found[] => {
    if (route === undefined) return [];
    const place = ["routes", index];
    const quotas = quotasAt(route, place, isWhole);
    if (!isAnonymous(route, place, isWritten)) return quotas;
    for (const { quota, path } of quotas) {
      // `subject`, the default, is for routes without `auth` too.
      if (quota.key === "subject" || !isKeyOfIdentity(quota.key)) continue;
      const message = `this counts by who sent a request, and ${withoutAuth(route)}`;
      warnings.push({ path: [...path, "key"], message, severity: "warning" });
    }
    return quotas;
  });
  return [...checkNames(found), ...warnings];
}

function quotasAt(route: object, place: Path, isWhole: IsWhole): Found[] {
  const written: unknown = Reflect.get(route, "quota");
  if (written === undefined || !isWhole(written)) return [];
  return quotasOf(written as QuotasConfig).map(({ config, path }) => ({
    quota: config,
    path: [...place, "quota", ...path],
  }));
}

/** Quotas of one name, period and key share their counts, so they have to have one limit. */
function checkNames(found: readonly Found[]): ConfigIssue[] {
  const firsts = new Map<string, QuotaConfig>();
  return found.flatMap(({ quota, path }): ConfigIssue[] => {
    if (quota.name === undefined) return [];
    const id = JSON.stringify(idOf(quota, ""));
    const first = firsts.get(id);
    firsts.set(id, first ?? quota);
    if (first === undefined || first.limit === quota.limit) return [];
    const message = `another route has the limit ${first.limit} for the quota \`${quota.name}\` per ${quota.per}, which is the same one; write the same limit, or another \`name\``;
    return [{ path: [...path, "limit"], message }];
  });
}
