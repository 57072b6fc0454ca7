import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { PolicyScope } from "../../pipeline/policy.ts";
import { rateLimit } from "../../policies/limits/rate-limit.ts";
import { policyRegistry } from "../../policies/registry.ts";
import {
  type ExplainedConfiguration,
  placeOf,
  scopeOf,
  type Shown,
  shownPlace,
} from "./explained-configuration.ts";
import type { ExplainedPolicy } from "./explanation.ts";

/**
 * The policies that requests of a route pass, in order; without a route those of all requests. By the
 * configuration alone: none is made, because some open files and connections.
 */
export function explainPolicies(
  configuration: ExplainedConfiguration,
  route: number | undefined,
  shown: Shown,
): ExplainedPolicy[] {
  const { config } = configuration;
  const explained = new Map<string, ExplainedPolicy[]>();
  for (const { name, global, route: ofRoute, routeReplacesGlobal } of registry) {
    const ownConfig = route === undefined ? undefined : config.routes[route];
    // A route's rate limits include those of the gateway.
    const isReplaced =
      routeReplacesGlobal &&
      name !== rateLimit.name &&
      ownConfig !== undefined &&
      has(ofRoute, ownConfig);
    const path = route === undefined ? [] : ["routes", route];
    explained.set(
      name,
      [
        isReplaced ? undefined : explain(name, global, config, []),
        ownConfig === undefined ? undefined : explain(name, ofRoute, ownConfig, path),
      ].filter((policy) => policy !== undefined),
    );
  }
  return registry.flatMap(({ name, secondPartOf }) =>
    secondPartOf === undefined
      ? (explained.get(name) ?? [])
      : (explained.get(secondPartOf) ?? []).filter(asksForIdentity).map((policy) => ({
          ...policy,
          name: `${policy.name}, by identity`,
        })),
  );

  function explain(
    name: string,
    scope: PolicyScope | undefined,
    written: object,
    path: readonly (string | number)[],
  ): ExplainedPolicy | undefined {
    if (scope === undefined || !has(scope, written)) return undefined;
    const value: unknown = Reflect.get(written, scope.key);
    const settings = name === "auth" && path.length === 0 ? Object.keys(value as object) : value;
    if (isOff(settings)) return undefined;
    const place = placeOf(configuration, [...path, scope.key]);
    return {
      // It asks nobody for credentials: routes do.
      name: settings === value ? name : `${name}, the providers`,
      scope: path.length === 0 ? "gateway" : scopeOf(place, "route"),
      key: scope.key,
      settings: shown.of(settings === value ? writtenOut(scope.schema, value) : settings),
      ...shownPlace(place),
    };
  }
}

/** Read as the kinds that they are, and not as the ones that they happen to be. */
const registry: readonly (typeof policyRegistry)[number][] = policyRegistry;

/** Settings as they are written, short forms written out and with defaults. */
export function encoded(schema: TSchema, value: unknown): unknown {
  try {
    return Value.Encode(schema, value);
  } catch {
    return String(value);
  }
}

/** The same, with the defaults that `true` stands for. */
function writtenOut(schema: TSchema, value: unknown): unknown {
  const kinds = Reflect.get(schema, "anyOf") as readonly TSchema[] | undefined;
  const long = kinds?.find(({ type }) => type === "object");
  return value === true && long !== undefined ? Value.Default(long, {}) : encoded(schema, value);
}

function has(scope: PolicyScope | undefined, config: object): boolean {
  return scope !== undefined && Reflect.get(config, scope.key) !== undefined;
}

/** What turns a policy off, under a default or one for all requests. */
export function isOff(settings: unknown): boolean {
  if (settings === false || settings === "none" || settings === "off") return true;
  if (Array.isArray(settings)) return settings.length === 0;
  return (
    typeof settings === "object" && settings !== null && Reflect.get(settings, "enabled") === false
  );
}

/** Whether limits are counted by who sent a request, and so after it is known. */
function asksForIdentity({ settings }: ExplainedPolicy): boolean {
  return /"key":"(?:subject|[^"]*\{auth\.)/.test(JSON.stringify(settings));
}
