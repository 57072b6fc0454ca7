import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, type IsWhole, under } from "../pipeline/section.ts";
import { providersIn } from "../policies/auth/schema.ts";
import { isKeyOfIdentity, type LimitKey, textOfKey } from "../policies/limits/limit-key.ts";
import { limitsOf, type PlacedLimit, type WrittenLimits } from "../policies/limits/schema.ts";
import type { Config, RouteConfig } from "./schema.ts";

export type IsWritten = (path: readonly (string | number)[]) => boolean;
export type Path = readonly (string | number)[];

/** A limit, and where it is written in the configuration. */
interface Found {
  readonly limit: PlacedLimit;
  readonly path: Path;
}

/** Finds limits that contradict each other, or count by who sends requests of which nobody knows that. */
export function checkLimitRelations(
  config: Checkable<Config>,
  isWritten: IsWritten,
  isWhole: IsWhole,
): ConfigIssue[] {
  const routes = (config.routes ?? []).flatMap((route, index) =>
    route === undefined ? [] : [{ route, path: ["routes", index] as Path }],
  );
  const atTop = limitsAt(config, "rate_limiting", [], isWhole);
  const ofRoutes = routes.map(({ route, path }) => ({
    limits: limitsAt(route, "rate_limit", path, isWhole),
    isAnonymous: isAnonymous(route, path, isWritten),
    route,
    path,
  }));
  const anonymous = ofRoutes.find((one) => one.isAnonymous);
  return [
    ...checkNames([...atTop, ...ofRoutes.flatMap(({ limits }) => limits)]),
    ...ofRoutes.flatMap(({ route, path, limits, isAnonymous }) =>
      isAnonymous
        ? [...warnings(limits, withoutAuth(route)), ...warningOfConcurrency(route, path, isWhole)]
        : [],
    ),
    ...(anonymous === undefined ? [] : warnings(atTop, withoutAuth(anonymous.route))),
  ];
}

function limitsAt(holder: object, key: string, path: Path, isWhole: IsWhole): Found[] {
  const written: unknown = Reflect.get(holder, key);
  if (written === undefined || !isWhole(written)) return [];
  return limitsOf(written as WrittenLimits).map((limit) => ({
    limit,
    path: [...path, key, ...limit.path],
  }));
}

/** Whether nobody asks who sends a route's requests. */
export function isAnonymous(route: object, path: Path, isWritten: IsWritten): boolean {
  const auth: unknown = Reflect.get(route, "auth");
  if (auth === undefined) return !isWritten([...path, "auth"]);
  return providersIn(auth as string[] | false).length === 0;
}

export function withoutAuth({ name, path }: Checkable<RouteConfig>): string {
  return `the route \`${name ?? path ?? ""}\` has no \`auth\`, so its requests count as one`;
}

function warnings(limits: readonly Found[], reason: string): ConfigIssue[] {
  return limits.flatMap(({ limit, path }) => warningAbout(limit.key, [...path, "key"], reason));
}

function warningAbout(key: LimitKey, path: Path, reason: string): ConfigIssue[] {
  if (!isKeyOfIdentity(key)) return [];
  const message = `this counts by who sent a request, and ${reason}`;
  return [{ path, message, severity: "warning" }];
}

function warningOfConcurrency(
  route: Checkable<RouteConfig>,
  path: Path,
  isWhole: IsWhole,
): ConfigIssue[] {
  const concurrency: unknown = Reflect.get(route, "concurrency");
  if (!isWhole(concurrency) || typeof concurrency !== "object" || concurrency === null) return [];
  const key = Reflect.get(concurrency, "key") as LimitKey;
  return under([...path, "concurrency"], warningAbout(key, ["key"], withoutAuth(route)));
}

/** Limits of one name share their buckets, so they have to be the same. */
function checkNames(limits: readonly Found[]): ConfigIssue[] {
  const firsts = new Map<string, PlacedLimit>();
  return limits.flatMap(({ limit, path }): ConfigIssue[] => {
    if (limit.name === undefined) return [];
    const first = firsts.get(limit.name);
    firsts.set(limit.name, first ?? limit);
    if (first === undefined) return [];
    const different = differenceOf(first, limit);
    if (different === undefined) return [];
    const message = `another limit called \`${limit.name}\` has another \`${different}\`; limits of one name are one limit, so give this one another name, or the same \`rate\`, \`burst\` and \`key\``;
    return [{ path: [...path, "name"], message }];
  });
}

function differenceOf(one: PlacedLimit, other: PlacedLimit): string | undefined {
  if (one.rate !== other.rate) return "rate";
  if (one.burst !== other.burst) return "burst";
  return textOfKey(one.key) === textOfKey(other.key) ? undefined : "key";
}
