import type { Config, RouteConfig } from "../../config/schema.ts";
import type { Policy, PolicyScope, PolicyServices } from "../../pipeline/policy.ts";
import { policyRegistry } from "../../policies/registry.ts";
import type { Lease } from "../lifetimes.ts";

/** What policies are created with. */
interface CreationServices extends Omit<PolicyServices, "keep" | "share"> {
  readonly lease: Lease;
}

/** The policies of one configuration, in the registry's order. */
export class Policies {
  /** The policies of an exchange without a route. */
  readonly global: readonly Policy[];
  readonly #services: CreationServices;
  /** One instance of each global policy, shared by all routes, by the policy's name. */
  readonly #globals = new Map<string, Policy>();

  constructor(config: Config, services: CreationServices) {
    this.#services = services;
    for (const { name, global } of policyRegistry) {
      const policy = create(name, global, config, services, "default");
      if (policy !== undefined) this.#globals.set(name, policy);
    }
    this.global = [...this.#globals.values()];
  }

  /** The policies of a route, global ones included; `global` itself if there are no others. */
  of(route: RouteConfig, id: string): readonly Policy[] {
    const policies = policyRegistry.flatMap((definition) => {
      const global = this.#globals.get(definition.name);
      const own = create(definition.name, definition.route, route, this.#services, id, global);
      const replaced = definition.routeReplacesGlobal && isConfigured(definition.route, route);
      return [replaced ? undefined : global, own].filter((policy) => policy !== undefined);
    });
    return areTheSame(policies, this.global) ? this.global : policies;
  }
}

function isConfigured(scope: PolicyScope | undefined, config: object): boolean {
  return scope !== undefined && scope.key in config;
}

function create(
  policy: string,
  scope: PolicyScope | undefined,
  config: object,
  { lease, ...services }: CreationServices,
  name: string,
  global?: Policy,
): Policy | undefined {
  if (scope === undefined) return undefined;
  const own: unknown = Reflect.get(config, scope.key);
  if (own === undefined) return undefined;
  const keep = lease.under(policy, scope.key, name);
  return scope.create(own, { ...services, keep, share: lease.under(policy) }, name, global);
}

function areTheSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}
