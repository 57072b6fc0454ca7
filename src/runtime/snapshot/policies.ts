import type { Config, RouteConfig } from "../../config/schema.ts";
import type {
  Policy,
  PolicyDefinition,
  PolicyScope,
  PolicyServices,
} from "../../pipeline/policy.ts";
import { policyRegistry } from "../../policies/registry.ts";
import type { Lease } from "../lifetimes.ts";
import { behind } from "./behind.ts";

/** What policies are created with. */
interface CreationServices extends Omit<PolicyServices, "keep" | "share" | "behind"> {
  readonly lease: Lease;
}

/** The policies of one configuration, in the registry's order. */
export class Policies {
  /** The policies of an exchange without a route. */
  readonly global: readonly Policy[];
  readonly #services: CreationServices;
  /** One instance of each global policy, shared by all routes, by the policy's name. */
  readonly #globals = new Map<string, Policy>();

  constructor(config: Config, given: Omit<CreationServices, "idleTimeout" | "requestTimeout">) {
    const { idle: idleTimeout, request: requestTimeout } = config.server.timeouts;
    const services = { ...given, idleTimeout, requestTimeout };
    this.#services = services;
    for (const definition of policyRegistry) {
      const { name, global } = definition;
      const policy =
        create(name, global, config, services, "default") ?? beside(definition, config, services);
      if (policy !== undefined) this.#globals.set(name, policy);
    }
    this.global = policyRegistry.flatMap((definition) =>
      partsOf(definition, (name) => [this.#globals.get(name)]),
    );
  }

  /** The policies of a route, global ones included; `global` itself if there are no others. */
  of(route: RouteConfig, id: string): readonly Policy[] {
    const idleTimeout = route.timeouts?.idle ?? this.#services.idleTimeout;
    const requestTimeout = route.timeouts?.request ?? this.#services.requestTimeout;
    const services = { ...this.#services, idleTimeout, requestTimeout };
    const byKind = new Map<string, readonly (Policy | undefined)[]>();
    for (const definition of policyRegistry) {
      const { name, route: scope, routeReplacesGlobal } = definition;
      const global = this.#globals.get(name);
      const own = create(name, scope, route, services, id, global);
      const isReplaced = routeReplacesGlobal && isConfigured(scope, route);
      byKind.set(name, [isReplaced ? undefined : global, own]);
    }
    const policies = policyRegistry.flatMap((definition) =>
      partsOf(definition, (name) => byKind.get(name) ?? []),
    );
    return areTheSame(policies, this.global) ? this.global : policies;
  }
}

/** What runs at one place of the registry, given the policies of each kind. */
function partsOf(
  { name, secondPartOf }: PolicyDefinition,
  policiesOf: (kind: string) => readonly (Policy | undefined)[],
): Policy[] {
  return secondPartOf === undefined
    ? policiesOf(name).filter((policy) => policy !== undefined)
    : policiesOf(secondPartOf).flatMap((policy) => policy?.secondPart ?? []);
}

function isConfigured(scope: PolicyScope | undefined, config: object): boolean {
  return scope !== undefined && scope.key in config;
}

/** What a kind of policy creates for all routes, once one of them has it. */
function beside(
  definition: PolicyDefinition,
  { routes }: Config,
  services: CreationServices,
): Policy | undefined {
  const { name, route } = definition;
  if (definition.beside === undefined || !routes.some((one) => isConfigured(route, one))) {
    return undefined;
  }
  return definition.beside(servicesFor(services, {}, name, "beside"));
}

function create(
  policy: string,
  scope: PolicyScope | undefined,
  config: object,
  services: CreationServices,
  name: string,
  global?: Policy,
): Policy | undefined {
  if (scope === undefined) return undefined;
  const own: unknown = Reflect.get(config, scope.key);
  if (own === undefined) return undefined;
  return scope.create(own, servicesFor(services, config, policy, scope.key, name), name, global);
}

function servicesFor(
  { lease, ...services }: CreationServices,
  config: object,
  policy: string,
  ...place: readonly string[]
): PolicyServices {
  return {
    ...services,
    keep: lease.under(policy, ...place),
    share: lease.under(policy),
    behind: () => behind(config, policy),
  };
}

function areTheSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}
