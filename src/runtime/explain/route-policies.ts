import { policyRegistry } from "../../policies/registry.ts";
import { type ExplainedConfiguration, placeOf } from "./explained-configuration.ts";
import { isOff } from "./policies.ts";

/** A policy that a route has, and where it is written; null if that is not known. */
export interface RoutePolicy {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
}

type Written = Pick<ExplainedConfiguration, "config" | "document">;

/** The policies of each route, those of `defaults` included, in the configuration's order. */
export function routePolicies({ config, document }: Written): RoutePolicy[][] {
  const keys = policyRegistry.flatMap(({ route }) => (route === undefined ? [] : [route.key]));
  return config.routes.map((route, at) =>
    keys.flatMap((key): RoutePolicy[] => {
      const settings: unknown = Reflect.get(route, key);
      if (settings === undefined || isOff(settings)) return [];
      const place = placeOf({ document }, ["routes", at, key]);
      return [{ name: key, file: place?.file ?? null, line: place?.line ?? null }];
    }),
  );
}

/** Where each route's path is written. */
export function routePlaces({ config, document }: Written) {
  return config.routes.map((_, at) => {
    const place = placeOf({ document }, ["routes", at, "path"]);
    return { file: place?.file ?? null, line: place?.line ?? null };
  });
}
