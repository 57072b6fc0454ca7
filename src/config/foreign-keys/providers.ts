import type { ForeignKeys } from "./foreign-keys.ts";

const OIDC = ["auth.oidc"];

/** Keys of providers of identities, below `auth` and the provider's name. */
export const foreignInProviders: readonly ForeignKeys[] = [
  {
    below: OIDC,
    keys: "redirect_uri redirect_url redirect_uris callback callback_url callback_uri",
    answer:
      "where the issuer sends people back to is made of `external_url` and `callback_path`, like https://app.example.com/oauth2/callback",
  },
  {
    below: OIDC,
    keys: "cookie_secret session_secret secret session_key key encryption_key hmac_secret crypto_passphrase oidc_crypto_passphrase",
    answer:
      'cookies are encrypted with `keys`, like `keys: ["${SESSION_KEY}"]`; a client\'s secret is `client_secret`',
  },
  {
    below: OIDC,
    keys: "provider provider_name vendor",
    answer: "what tells issuers apart is `issuer`, like `issuer: https://accounts.google.com`",
    means: "issuer",
  },
  {
    below: OIDC,
    keys: "require required_claims claims allowed_domains allowed_domain email_domains email_domain hosted_domain allowed_emails allowed_groups allowed_group groups roles allowed_roles authenticated_emails_file",
    answer:
      "who may use a route is its `require`, by what the issuer says of a person, like `require: { claims: { groups: [finance] } }`",
  },
  {
    below: OIDC,
    keys: "cookie_secure cookie_domain cookie_path cookie_httponly cookie_samesite same_site secure",
    answer:
      "the cookie is for this host alone, HttpOnly, SameSite=Lax and over https Secure; leave it out",
  },
  {
    below: OIDC,
    keys: "cookie_name session_cookie session_cookie_name session",
    answer: "that is `cookie`",
  },
  {
    below: OIDC,
    keys: "issuer_url oidc_issuer_url discovery discovery_url discovery_endpoint discovery_uri provider_url provider_metadata_url authority configuration_url well_known",
    answer:
      "that is `issuer`, without /.well-known/openid-configuration, which the gateway reads by itself",
    means: "issuer",
  },
  {
    below: OIDC,
    keys: "authorization_endpoint authorize_url token_endpoint token_url jwks_uri jwks_url jwks userinfo_endpoint userinfo_url end_session_endpoint revocation_endpoint",
    answer: "the issuer's endpoints and keys are read from its discovery document",
  },
  {
    below: OIDC,
    keys: "logout logout_url logout_uri logout_endpoint signout_path",
    answer: "that is `logout_path`",
  },
  {
    below: OIDC,
    keys: "post_logout_redirect_uri post_logout_redirect_url post_logout_url redirect_after_logout_uri logout_redirect_uri",
    answer: "that is `after_logout`",
  },
  {
    below: OIDC,
    keys: "session_timeout session_lifetime session_max_duration session_absolute_timeout absolute_timeout cookie_expire cookie_lifetime ttl",
    answer: "that is `max_age`, like `max_age: 12h`",
  },
  {
    below: OIDC,
    keys: "idle session_idle_timeout session_idling_timeout session_inactivity_timeout rolling_timeout",
    answer: "that is `idle_timeout`, like `idle_timeout: 1h`",
  },
  {
    below: OIDC,
    keys: "refresh refresh_tokens use_refresh_token cookie_refresh renew_access_token_on_expiry refresh_access_token_interval",
    answer: "sessions are refreshed by themselves if the issuer gives a refresh token",
  },
  {
    below: OIDC,
    keys: "pkce use_pkce pkce_method code_challenge_method nonce use_nonce state",
    answer: "state, nonce and PKCE with S256 are part of every login",
  },
  {
    below: OIDC,
    keys: "response_type response_mode grant_type grant_types flow",
    answer: "logins use the authorization code flow",
  },
  {
    below: OIDC,
    keys: "pass_access_token forward_access_token upstream_access_token_header pass_authorization_header set_authorization_header set_xauthrequest",
    answer: "that is `access_token_header`, like `access_token_header: authorization`",
  },
  {
    below: OIDC,
    keys: "auth_method client_auth client_auth_method token_endpoint_auth_method",
    answer: "that is `client_authentication`, like `client_authentication: post`",
  },
  {
    below: OIDC,
    keys: "prompt audience acr_values login_hint ui_locales resource auth_request_params authorization_request_params extra_params",
    answer:
      "further parameters of the issuer's login are `authorization_parameters`, like `authorization_parameters: { prompt: login }`",
  },
];
