import { availableParallelism } from "node:os";
import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Outgoing } from "../../../../pipeline/outgoing.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import type { Clock } from "../../../../time/clock.ts";
import { Duration } from "../../../../units/duration.ts";
import { AccessCharges } from "../../access/access-charges.ts";
import { checkRecords, type RecordSource, recordsIn } from "../../access/record-source.ts";
import { type AuthProvider, defineProvider, Rejection, type Verdict } from "../../provider.ts";
import { basicToken, type Credentials, readCredentials } from "./credentials.ts";
import { type User, type Users, usersSchema, usersWithPasswords } from "./users.ts";
import { PasswordVerifier } from "./verifier.ts";

const DEFAULT_CACHE = "10m";
const DEFAULT_CACHE_MS = 600_000;
const DEFAULT_WAITING = 200;

const settings = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        expected: "a file's name, like users.yaml",
        description:
          "A YAML file of users by name, each with the `hash` of the password, or the hash alone, and perhaps `expires`, `routes`, `claims` and `rate_limit`; or a list of them with a `name` each. Or a file of htpasswd. `gateway password NAME` prints a line for either. Read again when it changes; a file that has become invalid is reported, and leaves the users before in force.",
      }),
    ),
    users: Type.Optional(usersSchema),
    realm: Type.Optional(
      Type.String({
        pattern: "^[ !#-\\[\\]-~]{1,128}$",
        expected: 'printable ASCII text without " and \\',
        description:
          "The name that browsers show when they ask for a password, and under which they keep it. Default: the provider's name.",
      }),
    ),
    cache: Duration({
      default: DEFAULT_CACHE,
      longestDays: 1,
      description:
        "How long right credentials are accepted without verifying the password again, which keeps a processor busy for 20 ms or more. A change of the user's hash ends it at once. 0 verifies it for every request.",
    }),
    max_verifications: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description:
          "How many passwords are verified at a time, each on a thread of its own, with the memory that its hash asks for. Default: half as many as the machine has processors, 1 to 4, so that a flood of passwords leaves the others to requests.",
      }),
    ),
    max_waiting: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: DEFAULT_WAITING,
      description:
        "How many requests may wait for a verification, at most 10 s; others get a 503. Users who have logged in from the same address before come first, then addresses without a failure; one address gets at most a quarter of the places.",
    }),
  },
  { additionalProperties: false },
);

const schema = Type.Union([Type.String({ minLength: 1 }), settings], {
  description:
    "Recognizes users by name and password (RFC 7617), in UTF-8. Guessing is slowed down by address and by user. Use it only over TLS: clients send the password with each request. A file's name alone is short for `file`.",
  expected: "a file's name, like users.yaml, or {file, users, realm, …}",
});

type Settings = StaticDecode<typeof settings>;

export const basic = defineProvider({
  kind: "basic",
  schema,
  check: (config) => checkRecords(sourceOf(config), usersWithPasswords),
  secrets: () => ({ headers: ["authorization"] }),
  create(config, services, name) {
    const users = recordsIn(sourceOf(config), usersWithPasswords, services);
    const { cache, max_verifications, max_waiting, realm = name } = settingsOf(config);
    const verifier = services.keep(`passwords of ${name}`, () => new PasswordVerifier(services));
    verifier.limitTo({
      cache,
      atOnce: max_verifications ?? usualVerifications(),
      waiting: max_waiting,
    });
    return new BasicProvider(users, verifier, realm, services, name);
  },
});

function settingsOf(config: string | Settings): Settings {
  return typeof config === "string"
    ? { file: config, cache: DEFAULT_CACHE_MS, max_waiting: DEFAULT_WAITING }
    : config;
}

function sourceOf(config: string | Settings): RecordSource {
  const { file, users: written } = settingsOf(config);
  return { file, written };
}

function usualVerifications(): number {
  return Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)));
}

/** The same for names and passwords that are wrong: nobody learns which users there are. */
const WRONG = new Rejection("the user or the password is wrong");
const EXPIRED = new Rejection("the user has expired");

class BasicProvider implements AuthProvider {
  readonly #users: () => Users;
  readonly #verifier: PasswordVerifier;
  readonly #clock: Clock;
  readonly #charges: AccessCharges;
  readonly #challenge: string;

  constructor(
    users: () => Users,
    verifier: PasswordVerifier,
    realm: string,
    services: PolicyServices,
    name: string,
  ) {
    this.#users = users;
    this.#verifier = verifier;
    this.#clock = services.clock;
    this.#charges = new AccessCharges(services, name);
    this.#challenge = `Basic realm="${realm}", charset="UTF-8"`;
  }

  authenticate(exchange: Exchange): Verdict | Promise<Verdict> {
    const token = basicToken(exchange.fields.get("authorization"));
    if (token === undefined) return undefined;
    const users = this.#users();
    const known = this.#verifier.known(exchange, token, users);
    if (known !== undefined) return known === "wrong" ? WRONG : this.#accept(exchange, known);
    const credentials = readCredentials(token);
    if (typeof credentials === "string") return new Rejection(credentials);
    return users.count === 0 ? WRONG : this.#verify(exchange, token, credentials, users);
  }

  async #verify(
    exchange: Exchange,
    token: string,
    credentials: Credentials,
    users: Users,
  ): Promise<Verdict> {
    const isRight = await this.#verifier.verify(exchange, token, credentials, users);
    const user = users.get(credentials.user);
    return isRight && user !== undefined ? this.#accept(exchange, user) : WRONG;
  }

  #accept(exchange: Exchange, { name, access }: User): Verdict {
    if (access.hasExpired(this.#clock.wall())) return EXPIRED;
    access.allow(exchange.route, "user");
    return { subject: name, claims: access.claims, charges: this.#charges.of(name, access) };
  }

  challenge(): string {
    return this.#challenge;
  }

  removeCredentials(outgoing: Outgoing): void {
    if (basicToken(outgoing.get("authorization")) !== undefined) outgoing.remove("authorization");
  }
}
