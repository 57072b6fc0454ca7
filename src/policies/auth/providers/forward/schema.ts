import { Value } from "@sinclair/typebox/value";
import { type StaticDecode, Type } from "@sinclair/typebox";
import { TOKEN } from "../../../../http/fields.ts";
import { checkTlsFiles } from "../../../../documents/tls-files.ts";
import type { ConfigIssue } from "../../../../pipeline/policy.ts";
import { under } from "../../../../pipeline/section.ts";
import { Duration } from "../../../../units/duration.ts";
import { nameProblem, refusedInRequests } from "../../../field-names.ts";
import type { SecretNames } from "../../provider.ts";

const FieldNames = (options: { readonly description: string; readonly default: string[] }) =>
  Type.Array(Type.String({ expected: "the name of a field" }), options);

const cache = Type.Object(
  {
    for: Duration({
      description:
        "How long an admission counts. A client that logs out is still admitted until then, so use seconds rather than minutes.",
      longestDays: 1,
    }),
    by: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description:
          "The fields of `send` that tell clients apart. Default: all. Fields that say nothing about who a client is, like Accept, may be left out.",
      }),
    ),
    per: Type.Union([Type.Literal("request"), Type.Literal("credentials")], {
      description:
        "`request`: an admission is only for the same method, URL and client address. `credentials`: it is for all requests, for services that look only at these fields.",
      default: "request",
    }),
    max_entries: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description:
        "How many admissions are kept; beyond that the oldest give way. Also at most 32 MiB.",
    }),
  },
  { additionalProperties: false },
);

const pemFile = (description: string, example: string) =>
  Type.Optional(
    Type.String({ minLength: 1, description, expected: `a file name, like ${example}` }),
  );

const settings = Type.Object(
  {
    url: Type.String({
      description: "The URL to ask. Nothing of the request is added to it.",
      expected: "a URL, like http://auth:4180/oauth2/auth",
    }),
    method: Type.Union([Type.Literal("GET"), Type.Literal("HEAD"), Type.Literal("POST")], {
      description: "The method of the question; that of the request is in X-Forwarded-Method.",
      default: "GET",
    }),
    timeout: Duration({
      description: "How long an answer may take; then the client gets a 503.",
      default: "5s",
      longestDays: 1,
    }),
    send: FieldNames({
      description:
        "The request fields that the service gets, as far as the client sends them. By default what login services look at: credentials, and what tells browsers from programs.",
      default: [
        "authorization",
        "cookie",
        "accept",
        "accept-language",
        "user-agent",
        "x-requested-with",
      ],
    }),
    receive: FieldNames({
      description:
        "The fields of a 2xx answer that the backend gets. No client can send any of them, on any route.",
      default: [],
    }),
    subject: Type.Optional(
      Type.String({
        description:
          "The field of a 2xx answer that says who the client is. Default: the first one of `receive` that is no credential by its name, like Authorization or X-Access-Token: rows have it.",
        expected: "the name of a field",
      }),
    ),
    lists: FieldNames({
      description:
        "Those of `receive` that are lists, separated by commas or `|`, like groups: as claims they are lists too.",
      default: [],
    }),
    cookies: Type.Array(Type.String({ expected: "the name of a cookie" }), {
      description:
        "The service's own cookies, which are kept from backends on all routes; `*` at the end stands for any ending. By default backends get all cookies, as the gateway cannot know whose they are.",
      default: [],
    }),
    cache: Type.Optional(
      Type.Union(
        [Duration({ description: "Short for `for`.", longestDays: 1 }), cache, Type.Literal(false)],
        {
          description:
            "Admits clients again without asking, after 2xx answers without Set-Cookie or `Cache-Control: no-store`. Identical questions at the same time are then asked once. By default the service is asked about every request.",
          expected: "a duration, or {for, by, per, max_entries}",
        },
      ),
    ),
    max_in_flight: Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 100,
      description:
        "How many questions may be in flight at a time; others wait for their turn within `timeout`.",
    }),
    tls: Type.Optional(
      Type.Object(
        {
          ca: pemFile("The authorities to trust in place of the system's.", "ca.pem"),
          certificate: pemFile("The certificate that the gateway presents.", "client.pem"),
          key: pemFile("The certificate's private key.", "client.key"),
        },
        { additionalProperties: false, description: "For a service with https; PEM files." },
      ),
    ),
  },
  { additionalProperties: false },
);

export const forwardSchema = Type.Union([Type.String(), settings], {
  description:
    "Asks a service about each request, as Traefik's forwardAuth and nginx's auth_request do. 2xx admits; 401, 403 and redirects go to the client as they are; any other answer, or none in time, is a 503. A URL alone takes all defaults.",
  expected: "a URL, or {url, send, receive, cache, …}",
});

export type ForwardSettings = StaticDecode<typeof settings>;
export type ForwardConfig = string | ForwardSettings;

/** Fields that say nothing of who a client is or what it may do. */
const NEUTRAL: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "user-agent",
  "x-requested-with",
]);

/** The URL alone stands for all defaults. */
export function settingsOf(config: ForwardConfig): ForwardSettings {
  if (typeof config !== "string") return config;
  return Value.Decode(settings, Value.Default(settings, { url: config }));
}

export function secretsOf(config: ForwardConfig): SecretNames {
  const { send, cookies } = settingsOf(config);
  return {
    headers: send.filter((name) => !NEUTRAL.has(name.toLowerCase())),
    cookies: cookies.filter((name) => !name.endsWith("*")),
  };
}

/** Names of fields that hold credentials, which are no subject: rows and backends get that. */
const CREDENTIAL =
  /(?:authorization|token|secret|password|passwd|cookie|session|api[-_]?key|jwt)$/i;

/** The field that says who a client is, if the configuration does not say; empty if none can. */
export function usualSubject(receive: readonly string[]): string {
  return receive.find((name) => !CREDENTIAL.test(name)) ?? "";
}

export function checkForward(config: ForwardConfig): ConfigIssue[] {
  const settings = settingsOf(config);
  const urlProblem = problemOfUrl(settings.url);
  if (typeof config === "string")
    return urlProblem === undefined ? [] : [{ path: [], message: urlProblem }];
  const { receive, subject, lists, cookies, tls } = settings;
  const names = new Set(receive.map((name) => name.toLowerCase()));
  return [
    ...(urlProblem === undefined ? [] : [{ path: ["url"], message: urlProblem }]),
    ...settings.send.flatMap((name, index) =>
      issue(["send", index], nameProblem(name, refusedInRequests.set)),
    ),
    ...receive.flatMap((name, index) => issue(["receive", index], receiveProblem(name))),
    ...issue(["subject"], subject === undefined ? undefined : subjectProblem(subject)),
    ...lists.flatMap((name, index) =>
      issue(
        ["lists", index],
        names.has(name.toLowerCase()) ? undefined : `\`${name}\` is not among those of \`receive\``,
      ),
    ),
    ...cookies.flatMap((name, index) =>
      issue(
        ["cookies", index],
        TOKEN.test(name.replace(/\*$/, "")) && !/\*./.test(name)
          ? undefined
          : `\`${name}\` is not the name of a cookie; \`*\` may stand at the end of one`,
      ),
    ),
    ...checkCache(settings),
    ...under(["tls"], tls === undefined ? [] : checkTlsFiles(tls)),
  ];
}

/** Questions of all services at a time: the runtime has 256 requests under way, for all purposes together. */
const MOST_TOGETHER = 200;

/** Services that hang would keep others, and issuers, from being asked. */
export function checkForwardTogether(configs: ReadonlyMap<string, ForwardConfig>): ConfigIssue[] {
  const all = [...configs].map(([name, config]) => [name, settingsOf(config)] as const);
  const together = all.reduce((sum, [, settings]) => sum + settings.max_in_flight, 0);
  const [last] = all.at(-1) ?? [];
  if (together <= MOST_TOGETHER || last === undefined) return [];
  const message = `the \`max_in_flight\` of all \`forward\` providers is ${together} together; above ${MOST_TOGETHER}, services that hang keep others from being asked, so write less for each`;
  return [{ path: [last], message, severity: "warning" }];
}

function issue(path: readonly (string | number)[], message: string | undefined): ConfigIssue[] {
  return message === undefined ? [] : [{ path, message }];
}

function problemOfUrl(written: string): string | undefined {
  const url = URL.parse(written);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return `\`${written}\` is not an http or https URL, like http://auth:4180/oauth2/auth`;
  }
  if (url.username !== "" || url.password !== "")
    return "a URL with a password cannot be asked; leave it out";
  return url.hash === "" ? undefined : "a fragment is never sent; leave out the # and what follows";
}

function subjectProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return `\`${name}\` is not a field name`;
  return CREDENTIAL.test(name)
    ? `\`${name}\` holds a credential, and rows have the subject; name a field that says who the client is`
    : undefined;
}

function receiveProblem(name: string): string | undefined {
  if (name.toLowerCase() === "set-cookie")
    return "Set-Cookie always goes to the client; leave it out";
  return nameProblem(name, refusedInRequests.set);
}

function checkCache({ cache: written, send }: ForwardSettings): ConfigIssue[] {
  if (typeof written !== "object" || written.by === undefined) return [];
  const sent = send.map((name) => name.toLowerCase());
  const by = written.by.map((name) => name.toLowerCase());
  const missing = sent.find((name) => !NEUTRAL.has(name) && !by.includes(name));
  return [
    ...by.flatMap((name, index) =>
      issue(
        ["cache", "by", index],
        sent.includes(name)
          ? undefined
          : `\`${name}\` is not among those of \`send\`, so the service does not know it`,
      ),
    ),
    ...issue(
      ["cache", "by"],
      missing &&
        `\`${missing}\` is sent and not among these: one client's admission would be another's; add it, or leave it out of \`send\``,
    ),
  ];
}
