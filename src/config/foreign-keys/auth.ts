import { foreignInKeys, foreignInUsers } from "../../policies/auth/access/foreign-keys.ts";
import type { ForeignKeys } from "./foreign-keys.ts";

const ANYWHERE = ["", "server", "routes"];

/** Keys about who clients are. */
export const foreignInAuth: readonly ForeignKeys[] = [
  {
    below: ANYWHERE,
    keys: "authentication authenticator authenticators authn auth_required access identity security oauth oauth2 oidc",
    answer:
      "define providers under `auth` at the top, each with a name; a route names those that it accepts: `auth: corp`",
    means: "auth",
  },
  {
    below: ANYWHERE,
    keys: "forward_auth auth_request external_auth ext_auth ext_authz auth_url proxy_auth auth_request_set auth_response_headers",
    answer:
      'a service that decides about requests is a provider under `auth` at the top, like `sso: { forward: { url: "http://auth/verify" } }`, and a route asks for it: `auth: sso`',
    means: "auth",
  },
  {
    below: ["routes"],
    keys: "mtls mutual_tls client_cert client_auth ssl_client_certificate ssl_verify_client client_certificate",
    answer:
      "clients are known by their certificates by a provider under `auth` at the top, like `devices: { client_certificate: true }`; the authorities are those of `server.tls.client_certificates`",
    means: "auth",
  },
  {
    below: ["auth"],
    keys: "forward_auth auth_request external external_auth ext_authz http",
    answer: 'that is `forward`, like `forward: { url: "http://auth/verify" }`',
    means: "forward",
  },
  {
    below: ["auth"],
    keys: "mtls certificate certificates client_cert client_certificates tls_client",
    answer: "that is `client_certificate`",
    means: "client_certificate",
  },
  {
    below: ["auth.client_certificate"],
    keys: "ca ca_file ca_files ca_certificates trusted_ca client_ca verify optional required mode client_auth_type",
    answer:
      "the authorities, and whether every client needs a certificate, are `server.tls.client_certificates`, like `{ ca: clients-ca.pem, required: false }`",
  },
  {
    below: ["auth.client_certificate"],
    keys: "dn subject_dn common_name common_names cn allowed_subjects",
    answer: 'that is `subjects`, like `subjects: ["CN=device-*,O=Acme"]`',
    means: "subjects",
  },
  {
    below: ["auth.client_certificate"],
    keys: "subject_alt_names subject_alternative_names dns dns_names uris spiffe spiffe_ids emails match_typed_subject_alt_names",
    answer: 'that is `sans`, like `sans: ["dns:*.devices.example.com"]`',
    means: "sans",
  },
  {
    below: ["auth.client_certificate"],
    keys: "issuer_dn ca_subject hash hashes sha256 verify_certificate_hash",
    answer: "the issuer's name is `issuers`, and the certificate's SHA-256 `fingerprints`",
  },
  {
    below: ["auth.forward"],
    keys: "address uri endpoint target host service auth_url",
    answer: "that is `url`",
    means: "url",
  },
  {
    below: ["auth.forward"],
    keys: "auth_request_headers request_headers allowed_headers headers forward_headers headers_to_upstream_on_allow",
    answer: "that is `send`, the names of the request fields that the service gets",
  },
  {
    below: ["auth.forward"],
    keys: "auth_response_headers response_headers copy_headers upstream_headers auth_request_set header_field",
    answer: "that is `receive`, the names of the fields that the backend gets of the answer",
  },
  {
    below: ["auth.forward"],
    keys: "auth_response_headers_regex",
    answer: "the names in `receive` are written out, so that clients cannot send them",
  },
  {
    below: ["auth.forward"],
    keys: "trust_forward_header trust_forward_headers",
    answer: "which proxies are trusted is `server.trusted_proxies`, for everything",
  },
  {
    below: ["auth.forward"],
    keys: "add_auth_cookies_to_response auth_cookies",
    answer: "Set-Cookie of the service always goes to the client; leave it out",
  },
  {
    below: ["auth.forward"],
    keys: "failure_mode_allow fail_open allow_degraded on_error",
    answer: "without an answer the request is refused with a 503",
  },
  {
    below: ["auth.forward"],
    keys: "forward_body with_request_body max_body_size send_body",
    answer: "the service does not get the content of requests; leave it out",
  },
  {
    below: ["auth.forward"],
    keys: "cache_ttl ttl cache_duration cache_for cache_key",
    answer: "that is `cache`, like `cache: 10s`",
    means: "cache",
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
    keys: "authorization authorisation authz scope scopes permission permissions role roles claims acl rbac required_claims",
    answer:
      "what a route asks of clients that `auth` has recognized is `require`, like `require: { scope: [users:read] }`",
    means: "require",
  },
  {
    below: ["routes"],
    keys: "satisfy satisfy_any satisfy_all",
    answer:
      "a request must satisfy all of `allow`, `deny`, `auth` and `require`; any one of several providers will do: `auth: [corp, machines]`",
  },
  {
    below: ANYWHERE,
    keys: "identity_headers pass_credentials",
    answer: "that is a key of a provider under `auth`, next to its kind",
  },
  {
    below: ["auth"],
    keys: "ldap saml hmac hmac_auth introspection oauth2_introspection opa openid_introspection mfa digest kerberos negotiate plugin_auth",
    answer:
      "there is no such kind of provider; a service that decides about requests is asked by `forward`",
  },
  {
    below: ["auth"],
    keys: "key_auth apikey api_keys key_authentication token keys",
    answer: "that is `api_key`, like `api_key: { file: keys.yaml }`",
  },
  {
    below: ["auth"],
    keys: "basic_auth htpasswd password users",
    answer: "that is `basic`, like `basic: { file: users.yaml }`",
  },
  {
    below: ["auth"],
    keys: "openid openid_connect oauth oauth2 login sso",
    answer: "that is `oidc` for people in browsers, or `jwt` for tokens that clients send",
  },
  {
    below: ["auth"],
    keys: "bearer jwt_auth jwt_authn",
    answer: 'that is `jwt`, like `jwt: { jwks: "https://…", audience: api }`',
  },
  ...foreignInKeys.map((keys) => ({ below: ["auth.api_key.keys"], ...keys })),
  ...foreignInUsers.map((keys) => ({ below: ["auth.basic.users"], ...keys })),
  {
    below: ["auth.api_key"],
    keys: "header headers key_names key_name name in query cookie source sources location key_in_header key_in_query hide_credentials",
    answer:
      "where the key stands is `from`, like `from: header:x-api-key` or `from: [bearer, query:api_key]`; backends do not get it unless `pass_credentials` is set next to `api_key`",
    means: "from",
  },
  {
    below: ["auth.api_key"],
    keys: "key_file keys_file path consumers secrets",
    answer: "the file of keys is `file`, and keys in the configuration itself are `keys`",
    means: "file",
  },
  {
    below: ["auth.basic"],
    keys: "htpasswd htpasswd_file user_file users_file password_file auth_basic_user_file path credentials accounts",
    answer:
      "the file of users, in YAML or of htpasswd, is `file`, and users in the configuration itself are `users`",
    means: "file",
  },
  {
    below: ["auth.basic"],
    keys: "remove_header header_field hide_credentials",
    answer:
      "backends do not get the password unless `pass_credentials` is set next to `basic`; who the user is they learn by `identity_headers`",
  },
];
