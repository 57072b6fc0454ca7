import { checkTlsFiles } from "../../../../documents/tls-files.ts";
import { isLoopbackHost } from "../../../../http/address.ts";
import { normalizePath } from "../../../../http/path.ts";
import type { ConfigIssue } from "../../../../pipeline/policy.ts";
import { nameProblem, refusedInRequests } from "../../../field-names.ts";
import { secretsFor, SHORTEST_SECRET } from "./secrets.ts";
import type { OidcConfig } from "./schema.ts";

/** Parameters that the flow itself depends on. */
const RESERVED = new Set([
  "client_id",
  "client_secret",
  "code_challenge",
  "code_challenge_method",
  "id_token_hint",
  "nonce",
  "redirect_uri",
  "request",
  "request_uri",
  "response_mode",
  "response_type",
  "scope",
  "state",
]);

/** Of a random text with 16 different characters, as few as these are rarer than a guess of its key. */
const FEWEST_CHARACTERS = 8;

export function checkOidc(config: OidcConfig): ConfigIssue[] {
  return [
    ...checkIssuer(config),
    ...checkTlsFiles({ ca: config.ca }),
    ...checkKeys(config),
    ...checkOrigins(config),
    ...checkPaths(config),
    ...checkRest(config),
  ];
}

/** Two providers would log people out of each other, and take each other's logins. */
export function checkOidcTogether(configs: ReadonlyMap<string, OidcConfig>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const key of ["cookie", "callback_path", "logout_path"] as const) {
    const first = new Map<string, string>();
    for (const [name, config] of configs) {
      const value = config[key];
      const other = first.get(value);
      if (other === undefined) first.set(value, name);
      else {
        const message = `\`${other}\` has \`${key}: ${value}\` as well; give \`${name}\` another one`;
        issues.push({ path: [name, key], message });
      }
    }
  }
  return issues;
}

function checkIssuer({ issuer }: OidcConfig): ConfigIssue[] {
  const path = ["issuer"];
  const url = URL.parse(issuer);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return [{ path, message: "this is not an https URL, like https://login.example.com/" }];
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return [{ path, message: "an issuer's URL has no query, fragment, user or password" }];
  }
  if (/\/\.well-known\//.test(url.pathname)) {
    return [{ path, message: "write the URL without /.well-known/ and what follows it" }];
  }
  if (url.protocol === "https:" || isLoopbackHost(url.hostname)) return [];
  const message =
    "the issuer is asked without TLS: anyone on the network path can log in as anyone; use https";
  return [{ path, message, severity: "warning" }];
}

function checkKeys(config: OidcConfig): ConfigIssue[] {
  const { keys } = config;
  if (keys === undefined) {
    if (secretsFor(config) !== undefined) return [];
    const message =
      'there are no `keys`, so sessions end at a restart, and gateways do not share them; write `keys: ["${SESSION_KEY}"]`, with a key made by `openssl rand -base64 32`';
    return [{ path: [], message, severity: "warning" }];
  }
  return keys.flatMap((key, at) => {
    const isWeak = key.length < SHORTEST_SECRET || new Set(key).size < FEWEST_CHARACTERS;
    if (!isWeak) return [];
    const message = `a key is at least ${SHORTEST_SECRET} random characters; make one by \`openssl rand -base64 32\``;
    return [{ path: ["keys", at], message }];
  });
}

function checkOrigins({ external_url: urls = [] }: OidcConfig): ConfigIssue[] {
  return urls.flatMap((written, at) => {
    const url = URL.parse(written);
    const path = ["external_url", at];
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return [{ path, message: "this is not an address like https://app.example.com" }];
    }
    if (url.origin === written || `${url.origin}/` === written) return [];
    return [{ path, message: `only scheme, host and port count; write ${url.origin}` }];
  });
}

function checkPaths(config: OidcConfig): ConfigIssue[] {
  const { callback_path: callback, logout_path: logout, after_logout: after } = config;
  const issues: ConfigIssue[] = [];
  for (const key of ["callback_path", "logout_path"] as const) {
    const normal = normalizePath(config[key]);
    if (normal === config[key]) continue;
    const message = "a path without empty segments, `.` and `..`";
    issues.push({ path: [key], message });
  }
  if (callback === logout) {
    issues.push({ path: ["logout_path"], message: "this is `callback_path`; choose another path" });
  }
  const isPage = after === undefined || /^(?:\/(?![/\\])|https?:\/\/)[!-[\]-~]*$/.test(after);
  if (!isPage) {
    const message = "this is neither a path, like /bye, nor an address with http:// or https://";
    issues.push({ path: ["after_logout"], message });
  }
  return issues;
}

function checkRest(config: OidcConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (!config.scopes.includes("openid")) {
    const message =
      "`openid` must be among the scopes: without it an issuer does not say who logged in";
    issues.push({ path: ["scopes"], message });
  }
  if (/^__(?:host|secure)-/i.test(config.cookie)) {
    const message = `the prefix comes by itself over https; write ${config.cookie.replace(/^__\w+-/, "")}`;
    issues.push({ path: ["cookie"], message });
  }
  for (const [name, value] of Object.entries(config.authorization_parameters ?? {})) {
    const path = ["authorization_parameters", name];
    if (RESERVED.has(name)) issues.push({ path, message: `the gateway sets \`${name}\` itself` });
    if (name === "max_age" && !/^[0-9]{1,9}$/.test(value)) {
      issues.push({ path, message: "this is a number of seconds" });
    }
  }
  for (const key of ["max_age", "login_timeout", "timeout"] as const) {
    if (config[key] >= 1_000) continue;
    issues.push({ path: [key], message: `\`${key}\` is at least 1s` });
  }
  if (config.idle_timeout !== 0 && config.idle_timeout < 10_000) {
    issues.push({ path: ["idle_timeout"], message: "`idle_timeout` is at least 10s, or 0" });
  }
  const { access_token_header: header, client_secret: secret } = config;
  const wrong = header === undefined ? undefined : nameProblem(header, refusedInRequests.set);
  if (wrong !== undefined) issues.push({ path: ["access_token_header"], message: wrong });
  if (config.client_authentication !== undefined && secret === undefined) {
    const message = "without `client_secret` there is nothing to authenticate with";
    issues.push({ path: ["client_authentication"], message });
  }
  return issues;
}
