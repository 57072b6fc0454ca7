import { type TSchema, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import type { ProviderDefinition } from "./provider.ts";

/** A named provider in the configuration: its kind as a key, and what all kinds share. */
export interface NamedProvider {
  readonly pass_credentials: boolean;
  readonly [kind: string]: unknown;
}

/** `auth` at the top: providers by name. */
export function namedProvidersSchema(registry: readonly ProviderDefinition[]): TSchema {
  const kinds = registry.map(({ kind, schema }) => [kind, Type.Optional(schema)] as const);
  return Type.Record(
    Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_-]{0,63}$" }),
    Type.Object(
      {
        ...Object.fromEntries(kinds),
        pass_credentials: Type.Boolean({
          description: "Whether the backend gets the credentials too, not only who sent them.",
          default: false,
        }),
      },
      { additionalProperties: false, description: "One provider, of one kind.", default: {} },
    ),
    {
      description:
        "How clients prove who they are: names that routes refer to, each with one kind of provider.",
    },
  );
}

/** `auth` of a route: names, or `none`. */
export const routeAuthSchema = Type.Array(Type.String({ minLength: 1 }), {
  minItems: 1,
  description:
    "The provider that has to know the client, or a list of which any may; `none` asks for nothing. The backend gets X-Auth-Subject and X-Auth-Provider, which no client can send.",
  expected: "a name under `auth` at the top, a list of such names, or none",
});

const NONE = "none";

/** Whether a route requires no authentication. */
export function asksForNothing([first, ...others]: readonly string[]): boolean {
  return first === NONE && others.length === 0;
}

export function checkNamedProviders(
  providers: Readonly<Record<string, NamedProvider>>,
  registry: readonly ProviderDefinition[],
): ConfigIssue[] {
  return Object.entries(providers).flatMap(([name, provider]) => {
    if (name === NONE) {
      const message = "`none` is how a route asks for no authentication; choose another name";
      return [{ path: [name], message }];
    }
    const present = registry.filter(({ kind }) => Object.hasOwn(provider, kind));
    const [definition] = present;
    if (definition === undefined || present.length > 1) {
      const kinds = registry.map(({ kind }) => `\`${kind}\``).join(", ");
      const message = `\`${name}\` needs exactly one kind of provider, and has ${present.length}; kinds: ${kinds}`;
      return [{ path: [name], message }];
    }
    return under([name, definition.kind], definition.check?.(provider[definition.kind]) ?? []);
  });
}

/** Finds a route's names that are not defined. */
export function checkNames(
  names: readonly string[],
  providers: Readonly<Record<string, NamedProvider>> = {},
): ConfigIssue[] {
  if (asksForNothing(names)) return [];
  const defined = Object.keys(providers).map((name) => `\`${name}\``);
  const remedy =
    defined.length === 0
      ? "define it under `auth` at the top of the file"
      : `defined under \`auth\`: ${defined.join(", ")}`;
  return names.flatMap((name, index) => {
    if (Object.hasOwn(providers, name)) return [];
    const message =
      name === NONE
        ? "`none` stands alone: `auth: none` asks for no authentication"
        : `there is no provider \`${name}\`; ${remedy}`;
    return [{ path: [index], message }];
  });
}
