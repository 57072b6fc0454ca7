import { type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Balancer, BalancerDefinition, BalancerServices } from "./balancer.ts";

/** Which balancer, and its settings if it has some. */
export interface BalanceConfig {
  readonly name: string;
  readonly settings: unknown;
}

/** `balance` of an upstream: the name of a balancer, or its name with its settings. */
export function balanceSchema(registry: readonly BalancerDefinition[]) {
  const named = registry.filter(({ schema }) => schema === undefined || "default" in schema);
  const settings: Record<string, TSchema> = {};
  for (const { name, schema } of registry) {
    if (schema !== undefined) settings[name] = Type.Optional(withoutDefault(schema));
  }
  const names = named.map(({ name }) => Type.Literal(name));
  const forms =
    Object.keys(settings).length === 0
      ? names
      : [...names, Type.Object(settings, { additionalProperties: false })];
  return Type.Transform(
    Type.Unsafe<string | Readonly<Record<string, unknown>>>(
      Type.Union(forms, {
        default: "round_robin",
        description: `How requests are distributed over the backends, by their weights. ${meanings(registry)}`,
        expected: expectedOf(registry),
      }),
    ),
  )
    .Decode((written): BalanceConfig => {
      if (typeof written === "string")
        return { name: written, settings: defaults(registry, written) };
      const [chosen, ...others] = Object.entries(written);
      if (chosen === undefined || others.length > 0) {
        throw new Error(`expected ${expectedOf(registry)}`);
      }
      return { name: chosen[0], settings: chosen[1] };
    })
    .Encode(({ name, settings }) => (settings === undefined ? name : { [name]: settings }));
}

export function createBalancer(
  registry: readonly BalancerDefinition[],
  { name, settings }: BalanceConfig,
  services: BalancerServices,
): Balancer {
  const definition = registry.find((candidate) => candidate.name === name);
  if (definition === undefined) throw new Error(`there is no balancer named ${name}`);
  return definition.create(settings, services);
}

/** What each balancer does. */
function meanings(registry: readonly BalancerDefinition[]): string {
  return registry.map(({ name, description }) => `\`${name}\`: ${description}.`).join(" ");
}

/** "round_robin, random or {hash: …}" */
function expectedOf(registry: readonly BalancerDefinition[]): string {
  const forms = registry.map(({ name, schema }) =>
    schema === undefined || "default" in schema ? name : `{${name}: …}`,
  );
  return new Intl.ListFormat("en-GB", { type: "disjunction" }).format(forms);
}

/** A default stands in for the balancer's name alone, not for every balancer that was not chosen. */
function withoutDefault(schema: TSchema): TSchema {
  const copy = { ...schema };
  delete copy.default;
  return copy;
}

function defaults(registry: readonly BalancerDefinition[], name: string): unknown {
  const schema = registry.find((candidate) => candidate.name === name)?.schema;
  return schema === undefined ? undefined : Value.Decode(schema, Value.Default(schema, undefined));
}
