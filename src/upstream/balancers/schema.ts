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
        description: `How requests are distributed over the backends, by their weights. ${meanings(registry)} By default \`round_robin\`, which depends on nothing but the requests.`,
        expected: expectedOf(registry),
        advice: (written: string) =>
          adviceFor(written.toLowerCase().replace(/[ -]/g, "_"), registry),
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

/** What to write instead of the name of a balancer that other software has. */
function adviceFor(written: string, registry: readonly BalancerDefinition[]): string | undefined {
  const example = registry.find(({ name }) => name === written)?.example;
  if (example !== undefined) return `write \`{ ${written}: ${JSON.stringify(example)} }\``;
  if (/^cookie(?:_\S+)?$/.test(written)) return "clients stay with a backend by `sticky: true`";
  if (written === "first") return "leave it out, and give all but the first `backup: true`";
  const meant = FOREIGN.find(([names]) => names.test(written))?.[1];
  return meant === undefined ? undefined : `write \`${meant}\``;
}

const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:s?w?rr|(?:static_|dynamic_)?(?:weighted_)?round_?robin|roundrobin|weighted)$/,
    "round_robin",
  ],
  [
    /^(?:(?:weighted_)?least_?(?:conn(?:ection)?s?|request|loaded|outstanding_requests)|w?lc|random_two(?:_least_conn)?)$/,
    "least_requests",
  ],
  [
    /^(?:p2c|least_?time|(?:peak_?)?ewma|latency|least_?latency|response_time|power_of_two_choices)$/,
    "fastest",
  ],
  [/^(?:random_choose|random_choice|rand)$/, "random"],
  [/^(?:(?:client_)?ip_?hash|source(?:_ip)?|client_ip|remote_addr)$/, "{ hash: client_ip }"],
  [
    /^(?:(?:ring|consistent|generic)_?hash(?:ing)?|maglev|rendezvous|hrw|hash_?ring|header(?:_\S+)?)$/,
    '{ hash: "{header.x-tenant}" }',
  ],
  [/^(?:ur[il](?:_hash)?|path(?:_hash)?)$/, '{ hash: "{request.path}" }'],
];

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
