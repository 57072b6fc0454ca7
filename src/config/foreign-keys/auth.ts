import type { ForeignKeys } from "./foreign-keys.ts";

const ANYWHERE = ["", "server", "routes"];

/** Keys about who clients are. */
export const foreignInAuth: readonly ForeignKeys[] = [
  {
    below: ANYWHERE,
    keys: "authentication authenticator authenticators authn auth_required access identity security oauth oauth2 oidc forward_auth auth_request",
    answer:
      "clients are known by providers under `auth` at the top, each with a name, and a route names those of which any may know them: `auth: corp`",
    means: "auth",
  },
  {
    below: ANYWHERE,
    keys: "api_key api_keys apikey key_auth keyauth key_authentication consumers credentials",
    answer:
      "clients with API keys are known by a provider under `auth` at the top, like `machines: { api_key: { file: keys.yaml } }`, and a route asks for it: `auth: machines`",
    means: "auth",
  },
  {
    below: ANYWHERE,
    keys: "basic_auth auth_basic basicauth basic auth_basic_user_file auth_user_file htpasswd userlist users http_basic",
    answer:
      "clients with passwords are known by a provider under `auth` at the top, like `staff: { basic: { file: users.yaml } }`, which reads files of htpasswd too, and a route asks for it: `auth: staff`",
    means: "auth",
  },
  {
    below: ANYWHERE,
    keys: "authorization authorisation authz scopes roles claims acl rbac required_claims",
    answer:
      "what a route asks of clients that `auth` has recognized is `require`, like `require: { scope: [users:read] }`",
    means: "require",
  },
];
