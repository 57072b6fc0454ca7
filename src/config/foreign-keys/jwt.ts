import type { ForeignKeys } from "./foreign-keys.ts";

const ANYWHERE = ["", "server", "routes"];
/** Below a name in `auth`. */
const PROVIDER = ["auth"];
const KINDS = ["jwt", "oidc", "api_key", "basic", "forward", "client_certificate"].map(
  (kind) => `auth.${kind}`,
);
const JWT = ["auth.jwt"];

/** Keys about signed tokens. */
export const foreignInJwt: readonly ForeignKeys[] = [
  {
    below: ANYWHERE,
    keys: "jwt jwt_auth jwt_authn auth_jwt auth_jwt_key_file auth_jwt_key_request jwt_validator jwt_verify jwks jwks_uri openid_jwt bearer bearer_auth bearer_token",
    answer:
      'tokens are verified by a provider under `auth` at the top, like `auth: { corp: { jwt: { jwks: "https://…", audience: api } } }`, and a route names it: `auth: corp`',
  },
  {
    below: PROVIDER,
    keys: "type kind provider plugin",
    answer: "a provider's kind is a key, like `corp: { jwt: { … } }`",
  },
  {
    below: PROVIDER,
    keys: "jwks jwks_uri jwks_url public_key secret issuer audience audiences algorithms leeway require",
    answer: "that belongs to a kind of provider, like `corp: { jwt: { … } }`",
  },
  {
    below: PROVIDER,
    keys: "forward_payload_header pass_token keep_token keep_auth_header hide_credentials",
    answer: "the backend gets the credentials with `pass_credentials: true`",
    means: "pass_credentials",
  },
  {
    below: PROVIDER,
    keys: "claim_to_headers claims_headers propagate_claims auth_response_headers upstream_headers forward_headers",
    answer:
      'claims are passed on by `identity_headers`, like `identity_headers: { x-role: "{auth.claims.role}" }`',
    means: "identity_headers",
  },
  {
    below: KINDS,
    keys: "pass_credentials",
    answer:
      "that stands next to the provider's kind, like `corp: { jwt: { … }, pass_credentials: true }`",
  },
  {
    below: KINDS,
    keys: "identity_headers identity_fields claim_to_headers claims_to_headers propagate_claims",
    answer:
      'what backends learn of the client stands next to the provider\'s kind, like `corp: { jwt: { … }, identity_headers: { x-user: "{auth.subject}" } }`',
  },
  {
    below: KINDS,
    keys: "rate_limit quota scopes_required required_scopes allowed_scopes",
    answer: "that is asked by routes: `require: { scope: [users:read] }`, `rate_limit` and `quota`",
  },
  {
    below: ["routes.require"],
    keys: "role roles group groups claim permission permissions sub subject email user users realm_access",
    answer: "claims and their values stand below `claims`, like `claims: { role: [admin] }`",
    means: "claims",
  },
  {
    below: JWT,
    keys: "jwks_uri jwks_url jwk_url jwks_file jwk_set url uri remote_jwks local_jwks key_set keyset http_uri keys",
    answer: 'that is `jwks`, the URL or the file of a key set, like `jwks: "https://…/jwks.json"`',
    means: "jwks",
  },
  {
    below: JWT,
    keys: "key pem certificate cert rsa_public_key key_file public_key_file pub_key public_keys",
    answer: "that is `public_key`, a key or a certificate in PEM, or a file with it",
    means: "public_key",
  },
  {
    below: JWT,
    keys: "shared_secret hmac_secret secret_key secret_file client_secret",
    answer: 'that is `secret`, like `secret: "${file:/run/secrets/jwt}"`',
    means: "secret",
  },
  {
    below: JWT,
    keys: "iss issuers valid_issuers",
    answer: "that is `issuer`, one or a list",
    means: "issuer",
  },
  {
    below: JWT,
    keys: "aud audiences valid_audiences allowed_audiences",
    answer: "that is `audience`, one or a list",
    means: "audience",
  },
  {
    below: JWT,
    keys: "alg algs algorithm allowed_algorithms signing_algorithms signature_algorithms",
    answer: "that is `algorithms`, like `algorithms: [RS256, ES256]`",
    means: "algorithms",
  },
  {
    below: JWT,
    keys: "clock_skew clock_skew_seconds clock_tolerance skew tolerance grace_period allowed_clock_skew",
    answer: "that is `leeway`, like `leeway: 30s`",
    means: "leeway",
  },
  {
    below: JWT,
    keys: "from_headers from_params from_cookies header_names header_name cookie cookie_name cookie_names uri_param_names param_name query_param token_lookup source token_source",
    answer: "where the token stands is `from`, like `from: [bearer, cookie:session]`",
    means: "from",
  },
  {
    below: JWT,
    keys: "typ token_type",
    answer: "that is `type`, like `type: at+jwt`",
    means: "type",
  },
  {
    below: JWT,
    keys: "claims required_claims claims_to_verify validations validate_claims exp_required require_expiration",
    answer: "that is `require`, like `require: { sub: true, role: [admin] }`",
    means: "require",
  },
  {
    below: JWT,
    keys: "cache cache_ttl cache_duration jwks_cache cache_keys refresh refresh_interval max_age",
    answer:
      "keys are fetched again before the max-age of the issuer's answer ends; there is nothing to set",
  },
];
