import type { ConfigIssue, PolicyDefinition, PolicyScope } from "../pipeline/policy.ts";
import { type Checkable, type IsWhole, type Section, under } from "../pipeline/section.ts";
import { policyRegistry } from "../policies/registry.ts";
import { conditionsOf } from "../routing/conditions/of-route.ts";
import { methods } from "../routing/conditions/methods.ts";
import { conditionRegistry } from "../routing/conditions/registry.ts";
import { findConflicts } from "../routing/conflicts.ts";
import { findRepeatedNames } from "../routing/route-ids.ts";
import type { Pattern } from "../routing/pattern.ts";
import { checkForeignVariables } from "./foreign-variables.ts";
import { checkPathNames } from "./path-names.ts";
import { checkRelations, type IsWritten } from "./relations.ts";
import { checkRouteEnds } from "./route-ends.ts";
import { checkRewriting } from "./rewriting.ts";
import type { Config, RouteConfig } from "./schema.ts";
import { conditionSections, routeSections, topSections, upstreamKeys } from "./sections.ts";

/**
 * Finds everything that is well-formed but wrong, or probably not meant. Parts that were not
 * well-formed are missing; `isWhole` says which of the rest are complete.
 */
export function checkConfig(
  config: Checkable<Config>,
  isWhole: IsWhole,
  isWritten: IsWritten,
): ConfigIssue[] {
  const routes = config.routes ?? [];
  return [
    ...checkSections(topSections, config, isWhole),
    ...checkPolicies("global", config, isWhole),
    ...Object.entries(config.upstreams ?? {}).flatMap(([name, upstream]) =>
      upstream === undefined
        ? []
        : under(["upstreams", name], checkSections(upstreamKeys, upstream, isWhole)),
    ),
    ...routes.flatMap((route, index) =>
      route === undefined
        ? []
        : under(
            ["routes", index],
            [
              ...checkSections(routeSections, route, isWhole),
              ...checkSections(conditionSections, route, isWhole),
              ...checkPolicies("route", route, isWhole),
              ...checkReferences(route, config, isWhole),
              ...(route.pattern === undefined
                ? []
                : checkPathNames(route, route.pattern as Pattern)),
              ...checkRewriting(route),
              ...checkForeignVariables(route),
            ],
          ),
    ),
    ...under(["auth"], checkForeignVariables(Reflect.get(config, "auth") ?? {})),
    ...checkRouteTable(routes, isWhole, isWritten),
    ...checkRouteEnds(config, isWritten, isWhole),
    ...checkRelations(config, isWritten, isWhole),
  ];
}

function checkSections(
  sections: Readonly<Record<string, Section>>,
  config: object,
  isWhole: IsWhole,
): ConfigIssue[] {
  return Object.entries(sections).flatMap(([key, { check }]) => {
    const written: unknown = Reflect.get(config, key);
    return check === undefined || written === undefined
      ? []
      : under([key], check(written, isWhole));
  });
}

function checkPolicies(scope: "global" | "route", config: object, isWhole: IsWhole): ConfigIssue[] {
  return policyRegistry.flatMap((definition) => {
    const place: PolicyScope | undefined = definition[scope];
    if (place?.check === undefined) return [];
    const own: unknown = Reflect.get(config, place.key);
    return own === undefined || !isWhole(own) ? [] : under([place.key], place.check(own));
  });
}

/** Finds conflicts of a route's policies with what they refer to at the top, if that could be read. */
function checkReferences(route: object, config: object, isWhole: IsWhole): ConfigIssue[] {
  return policyRegistry.flatMap((definition: PolicyDefinition) => {
    const { global, route: place } = definition;
    if (global === undefined || place?.checkReferences === undefined) return [];
    const own: unknown = Reflect.get(route, place.key);
    const shared: unknown = Reflect.get(config, global.key);
    const isKnown = isWhole(shared) || (shared === undefined && isWhole(config));
    if (own === undefined || !isWhole(own) || !isKnown) return [];
    return under([place.key], place.checkReferences(own, shared));
  });
}

function checkRouteTable(
  routes: readonly (Checkable<RouteConfig> | undefined)[],
  isWhole: IsWhole,
  isWritten: IsWritten,
): ConfigIssue[] {
  const readable = routes.map((route, index) => {
    if (route?.pattern === undefined) return undefined;
    const isKeyWritten = (key: string) => isWritten(["routes", index, key]);
    if (!isWhole(route) && !areConditionsKnown(route, isWhole, isKeyWritten)) return undefined;
    const pattern = route.pattern as Pattern;
    return { path: pattern.path, pattern, ...conditionsOf(route) };
  });
  return [
    ...findConflicts(readable).map(({ index, other, message }) => {
      const isForHosts = [routes[index], routes[other]].every(
        (route) => route !== undefined && "host" in route && !("hosts" in route),
      );
      const remedy = isForHosts
        ? "; `host` is what backends get, requests are matched by their host with `hosts`"
        : "";
      return { path: ["routes", index, "path"], message: `${message}${remedy}` };
    }),
    ...findRepeatedNames(routes.map((route) => route?.name)).map(({ index, message }) => ({
      path: ["routes", index, "name"],
      message,
    })),
  ];
}

/** A condition that could not be read is not one that is absent. Of methods, those that were read count. */
function areConditionsKnown(
  route: object,
  isWhole: IsWhole,
  isKeyWritten: (key: string) => boolean,
): boolean {
  return conditionRegistry.every(({ key }) => {
    const read: unknown = Reflect.get(route, key);
    if (read === undefined) return !isKeyWritten(key);
    return key === methods.key || isWhole(read);
  });
}
