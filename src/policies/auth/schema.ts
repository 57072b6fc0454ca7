import { type TSchema, Type } from "@sinclair/typebox";
import type { ParsedText } from "../../pipeline/parsed-text.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import { checkIdentityHeaders, identityHeadersSchema } from "./identity-fields.ts";
import type { ProviderDefinition } from "./provider.ts";

/** A named provider in the configuration: its kind as a key, and what all kinds share. */
export interface NamedProvider {
  readonly pass_credentials: boolean;
  readonly identity_headers?: Readonly<Record<string, ParsedText>>;
  readonly [kind: string]: unknown;
}

export type NamedProviders = Readonly<Record<string, NamedProvider>>;

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
        identity_headers: identityHeadersSchema,
      },
      {
        additionalProperties: false,
        description: "A provider of one kind.",
        expected: "a mapping with one kind of provider",
        advice: (written: string) =>
          registry.some(({ kind }) => kind === written)
            ? `write its settings, like \`{ ${written}: { … } }\``
            : `name its kind, like \`{ jwt: { jwks: "https://…" } }\``,
        listAdvice: "a provider has one kind; give each its own name",
        default: {},
      },
    ),
    {
      names: "letters, digits, `-` and `_` are possible, after a letter",
      expected: "providers by name, like { corp: { jwt: { … } } }",
      listAdvice: "providers have names in place of `- `",
      description: "How clients prove who they are: providers by name, for routes to refer to.",
    },
  );
}

/** `auth` of a route: names, or `none`. */
export const routeAuthSchema = Type.Union(
  [
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
    }),
    Type.Literal(false),
  ],
  {
    description:
      "The provider that must recognize the client, or a list of providers of which one must; `none` or `false` turns a default off. The backend gets the provider's `identity_headers`, which no client can send.",
    expected: "a name under `auth` at the top, a list of such names, or none",
    advice: (written: string) =>
      /^(?:true|yes|on|required)$/i.test(written) ? "name the provider" : undefined,
  },
);

const NONE = "none";

/** The providers that a route's `auth` names; none if it asks for nothing. */
export function providersIn(auth: readonly string[] | false): readonly string[] {
  return auth === false || (auth.length === 1 && auth[0] === NONE) ? [] : auth;
}

export function checkNamedProviders(
  providers: NamedProviders,
  registry: readonly ProviderDefinition[],
): ConfigIssue[] {
  const issues = Object.entries(providers).flatMap(([name, provider]) => {
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
    return [
      ...under([name, definition.kind], definition.check?.(provider[definition.kind]) ?? []),
      ...under([name, "identity_headers"], checkIdentityHeaders(provider.identity_headers ?? {})),
    ];
  });
  return [...issues, ...registry.flatMap((definition) => checkKind(providers, definition))];
}

/** What is wrong with the providers of one kind together. */
function checkKind(providers: NamedProviders, definition: ProviderDefinition): ConfigIssue[] {
  const { kind } = definition;
  const configs = new Map<string, unknown>();
  for (const [name, provider] of Object.entries(providers)) {
    if (Object.hasOwn(provider, kind)) configs.set(name, provider[kind]);
  }
  const issues = configs.size > 1 ? (definition.checkTogether?.(configs) ?? []) : [];
  return issues.map(({ path: [name = "", ...rest], ...issue }) => {
    return { ...issue, path: [name, kind, ...rest] };
  });
}

/** Finds a route's names that are not defined. */
export function checkNames(
  auth: readonly string[] | false,
  providers: NamedProviders = {},
): ConfigIssue[] {
  const defined = Object.keys(providers).map((name) => `\`${name}\``);
  const remedy =
    defined.length === 0
      ? "define it under `auth` at the top of the file"
      : `defined under \`auth\`: ${defined.join(", ")}`;
  return providersIn(auth).flatMap((name, index) => {
    if (Object.hasOwn(providers, name)) return [];
    const message =
      name === NONE
        ? "`none` stands alone: `auth: none` asks for no authentication"
        : `there is no provider \`${name}\`; ${remedy}`;
    return [{ path: [index], message }];
  });
}
