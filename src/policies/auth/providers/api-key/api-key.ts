import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import type { Clock } from "../../../../time/clock.ts";
import { AccessCharges } from "../../access/access-charges.ts";
import { checkRecords, type RecordSource, recordsIn } from "../../access/record-source.ts";
import { type AuthProvider, defineProvider, Rejection, type Verdict } from "../../provider.ts";
import { CredentialSources, secretNames, sourcesSchema, type SourcePlace } from "../../sources.ts";
import { type ApiKeys, apiKeys, keysSchema } from "./keys.ts";

/** Longer texts are not looked at: no key is that long. */
const LONGEST_KEY = 1024;

const settings = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        expected: "a file's name, like keys.yaml",
        description:
          "A YAML file of keys by name, each with the `hash` of the key, or the hash alone, and perhaps `expires`, `routes`, `claims` and `rate_limit`; or a list of them with a `name` each. `gateway key new` prints a key and its line. Read again when it changes; a file that has become invalid is reported, and leaves the keys before in force.",
      }),
    ),
    keys: Type.Optional(keysSchema),
    from: sourcesSchema(["header:x-api-key"]),
  },
  { additionalProperties: false },
);

const schema = Type.Union([Type.String({ minLength: 1 }), settings], {
  description:
    "Recognizes clients by a random key, of which only the SHA-256 is known here. Its name becomes the subject. A file's name alone is short for `file`.",
  expected: "a file's name, like keys.yaml, or {file, keys, from}",
});

type Settings = StaticDecode<typeof settings>;

export const apiKey = defineProvider({
  kind: "api_key",
  schema,
  check: (config) => checkRecords(sourceOf(config), apiKeys),
  secrets: (config) => secretNames(settingsOf(config).from),
  create(config, services, name) {
    const keys = recordsIn(sourceOf(config), apiKeys, services);
    return new ApiKeyProvider(keys, settingsOf(config).from, services, name);
  },
});

function settingsOf(config: string | Settings): Settings {
  if (typeof config !== "string") return config;
  return { file: config, from: [{ kind: "header", name: "x-api-key" }] };
}

function sourceOf(config: string | Settings): RecordSource {
  const { file, keys: written } = settingsOf(config);
  return { file, written };
}

class ApiKeyProvider implements AuthProvider {
  readonly #keys: () => ApiKeys;
  readonly #sources: CredentialSources;
  readonly #clock: Clock;
  readonly #charges: AccessCharges;
  readonly #challenge: string;
  /** The challenges of answers to a key that is wrong, and to one that may not do this (RFC 6750). */
  readonly #ofWrongKey: string | undefined;
  readonly #ofRightKey: string | undefined;

  constructor(
    keys: () => ApiKeys,
    from: readonly SourcePlace[],
    services: PolicyServices,
    name: string,
  ) {
    this.#keys = keys;
    this.#sources = new CredentialSources(from);
    this.#clock = services.clock;
    this.#charges = new AccessCharges(services, name);
    const isBearer = from.some(({ kind }) => kind === "bearer");
    this.#challenge = `${isBearer ? "Bearer" : "ApiKey"} realm="${name}"`;
    this.#ofWrongKey = isBearer ? `${this.#challenge}, error="invalid_token"` : undefined;
    this.#ofRightKey = isBearer ? this.#challenge : undefined;
  }

  authenticate(exchange: Exchange): Verdict {
    const presented = this.#sources.read(exchange);
    if (presented === undefined) return undefined;
    const key = presented.length > LONGEST_KEY ? undefined : this.#keys().find(presented);
    if (key === undefined) return this.#reject("the API key is not valid");
    const { name, access } = key;
    if (access.hasExpired(this.#clock.wall())) return this.#reject("the API key has expired");
    access.allow(exchange.route, "API key");
    const charges = this.#charges.of(name, access);
    return { subject: name, claims: access.claims, challenge: this.#ofRightKey, charges };
  }

  challenge(): string {
    return this.#challenge;
  }

  removeCredentials(outgoing: Exchange["outgoing"]): void {
    this.#sources.remove(outgoing);
  }

  #reject(reason: string): Rejection {
    return new Rejection(reason, this.#ofWrongKey);
  }
}
