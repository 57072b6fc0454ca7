import type { Config, RouteConfig, UpstreamKeys } from "../../config/schema.ts";
import { routeSections, upstreamKeys } from "../../config/sections.ts";
import {
  type ExplainedConfiguration,
  placeOf,
  scopeOf,
  type Shown,
  shownPlace,
} from "./explained-configuration.ts";
import type { ExplainedSetting } from "./explanation.ts";
import { encoded } from "./policies.ts";

/** Told elsewhere: what a route matches, and where its requests go. */
const SHOWN_ALREADY: ReadonlySet<string> = new Set([
  "path",
  "name",
  "priority",
  "upstream",
  "split",
  "redirect",
  "respond",
  ...Object.keys(upstreamKeys),
]);

const TIMEOUTS = ["request", "response", "idle", "exchange"] as const;

/** How a route's requests are forwarded: its timeouts, its limit of content, and what else is written. */
export function explainSettings(
  configuration: ExplainedConfiguration,
  at: number,
  upstream: UpstreamKeys | undefined,
  shown: Shown,
): ExplainedSetting[] {
  const { config } = configuration;
  const route = config.routes[at];
  if (route === undefined || upstream === undefined) return [];
  const written = Object.entries(routeSections).flatMap(([key, { schema }]): ExplainedSetting[] => {
    const value: unknown = Reflect.get(route, key);
    if (SHOWN_ALREADY.has(key) || key === "timeouts" || key === "max_body_size") return [];
    const place = placeOf(configuration, ["routes", at, key]);
    if (value === undefined || place === undefined) return [];
    const scope = scopeOf(place, "route");
    return [{ key, value: shown.of(encoded(schema, value), key), scope, ...shownPlace(place) }];
  });
  return [
    ...TIMEOUTS.map((name) => timeout(configuration, route, at, name, shown)),
    maxBodySize(configuration, route, at, shown),
    ...written,
  ];
}

function timeout(
  configuration: ExplainedConfiguration,
  { timeouts }: RouteConfig,
  at: number,
  name: (typeof TIMEOUTS)[number],
  shown: Shown,
): ExplainedSetting {
  const key = `timeouts.${name}`;
  const own = timeouts?.[name];
  if (own === undefined) {
    const value = shown.of(`${configuration.config.server.timeouts[name]}ms`);
    return { key, value, ...ofServer(configuration, ["timeouts", name]) };
  }
  const whole = placeOf(configuration, ["routes", at, "timeouts"]);
  const place = placeOf(configuration, ["routes", at, "timeouts", name]);
  return { key, value: shown.of(`${own}ms`), scope: scopeOf(whole, "route"), ...shownPlace(place) };
}

function maxBodySize(
  configuration: ExplainedConfiguration,
  { max_body_size: own }: RouteConfig,
  at: number,
  shown: Shown,
): ExplainedSetting {
  const key = "max_body_size";
  if (own === undefined) {
    return {
      key,
      value: shown.of(configuration.config.server.max_body_size, key),
      ...ofServer(configuration, [key]),
    };
  }
  const place = placeOf(configuration, ["routes", at, key]);
  return { key, value: shown.of(own, key), scope: scopeOf(place, "route"), ...shownPlace(place) };
}

/** Of the server; without a place if it is a default of the gateway's own. */
function ofServer(
  configuration: ExplainedConfiguration,
  path: readonly string[],
): Pick<ExplainedSetting, "scope" | "at"> {
  const place = placeOf(configuration, [SERVER, ...path]);
  return place === undefined ? {} : { scope: "gateway", ...shownPlace(place) };
}

const SERVER = "server" satisfies keyof Config;
