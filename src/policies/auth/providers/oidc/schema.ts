import { type StaticDecode, Type } from "@sinclair/typebox";
import { Duration } from "../../../../units/duration.ts";
import { asymmetricAlgorithms } from "../../keys/algorithms.ts";

const path = (options: { default: string; description: string }) =>
  Type.String({
    pattern: "^/[A-Za-z0-9._~/-]+$",
    expected: `a path, like ${options.default}`,
    ...options,
  });

export const oidcSchema = Type.Object(
  {
    issuer: Type.String({
      description:
        "The issuer's URL, exactly as the issuer writes it. The gateway reads everything else from /.well-known/openid-configuration below it.",
      expected: "the issuer's URL, like https://login.example.com/",
    }),
    ca: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "A PEM file with the authorities to trust in place of the system's where the issuer is asked. Read when the configuration is.",
        expected: "a file name, like ca.pem",
      }),
    ),
    client_id: Type.String({
      minLength: 1,
      description: "The name under which the gateway is registered at the issuer.",
    }),
    client_secret: Type.Optional(
      Type.String({
        minLength: 1,
        isSecret: true,
        description: "The secret of this registration; left out for a public client.",
      }),
    ),
    client_authentication: Type.Optional(
      Type.Union([Type.Literal("basic"), Type.Literal("post")], {
        description:
          "How the gateway proves to the issuer who it is: by the Authorization field, or in the content. By default `basic`, unless the issuer says that it takes only `post`.",
        expected: "basic or post",
      }),
    ),
    scopes: Type.Array(Type.String({ pattern: "^[!#-\\[\\]-~]+$" }), {
      default: ["openid"],
      description:
        "The scopes to ask for: `openid`, and those that bring the claims needed. `offline_access` gets a refresh token from issuers that give none otherwise.",
      expected: "a list of scopes, like [openid, email]",
    }),
    // With public keys only: `none` and HMAC are never accepted.
    algorithms: Type.Array(Type.Union(asymmetricAlgorithms.map((name) => Type.Literal(name))), {
      default: [...asymmetricAlgorithms],
      minItems: 1,
      description:
        "The algorithms by which ID tokens may be signed, as far as the issuer says that it uses them.",
      expected: "a list of algorithms, like [RS256, ES256]",
    }),
    authorization_parameters: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          "Further parameters of the address at the issuer that browsers are sent to, like `prompt`, `max_age` or `audience`.",
        expected: "parameters with their values, like { prompt: login }",
      }),
    ),
    userinfo: Type.Boolean({
      default: false,
      description:
        "Whether to ask the issuer's userinfo endpoint for further claims, at each login and refresh. Off by default, because most issuers put what is needed into the ID token.",
    }),
    cookie: Type.String({
      default: "gateway_session",
      pattern: "^[A-Za-z0-9_.-]{1,64}$",
      description:
        "The name of the session's cookie; over https it begins with `__Host-`. Nothing else at the same host may use it.",
      expected: "the name of a cookie, like session",
    }),
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 1, isSecret: true }), {
        minItems: 1,
        maxItems: 5,
        isSecret: true,
        description:
          "Secrets that cookies are encrypted with: the first encrypts, all of them decrypt, so that a new one may be put in front of the old one. Gateways with the same ones know each other's sessions. By default derived from `client_secret` if that has at least 32 characters, otherwise random at each start.",
        expected: 'a list of secrets, like ["${SESSION_KEY}"]',
      }),
    ),
    external_url: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description:
          "The address at which browsers see the gateway, or a list of those; the issuer sends people back there. By default the address that was asked for, if it is a loopback host or came by TLS to the gateway itself; at all others there is no login.",
        expected: "an address without a path, like https://app.example.com",
      }),
    ),
    callback_path: path({
      default: "/oauth2/callback",
      description:
        "Where the issuer sends people back to, on every host. It has to be registered there: https://app.example.com/oauth2/callback.",
    }),
    logout_path: path({
      default: "/oauth2/logout",
      description: "What a page of the same origin links to or posts to in order to log out.",
    }),
    after_logout: Type.Optional(
      Type.String({
        description:
          "The page to show after a logout. It must be registered at the issuer if that logs people out, too. By default the issuer's own page, or a line that says so.",
        expected: "a path, like /bye, or an address",
      }),
    ),
    max_age: Duration({
      default: "12h",
      description:
        "How long a session lasts after its login, whatever happens: by default a working day.",
    }),
    idle_timeout: Duration({
      default: "1h",
      description:
        "How long a session lasts without requests; 0 sets no limit. By default long enough for a break, and short enough for a computer that was left.",
    }),
    login_timeout: Duration({
      default: "10m",
      description: "How long a person may take to log in at the issuer.",
    }),
    timeout: Duration({
      default: "5s",
      description: "How long the issuer may take to answer the gateway.",
    }),
    access_token_header: Type.Optional(
      Type.String({
        description:
          "The request field in which backends get the access token: `authorization`, as Bearer, or another one, by itself. By default they do not get it.",
        expected: "the name of a field, like authorization",
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      "People log in with a browser, at an issuer that speaks OpenID Connect. The session is in an encrypted cookie.",
    expected: "{ issuer, client_id, client_secret, scopes, cookie, keys, … }",
  },
);

export type OidcConfig = StaticDecode<typeof oidcSchema>;
