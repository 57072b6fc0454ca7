import { isLoopbackHost } from "../../../../http/address.ts";
import { FileProblem, readTextFile } from "../../../../documents/text-file.ts";
import { checkTlsFiles } from "../../../../documents/tls-files.ts";
import type { ConfigIssue } from "../../../../pipeline/policy.ts";
import { under } from "../../../../pipeline/section.ts";
import { type Algorithm, algorithms, leastBytes } from "../../keys/algorithms.ts";
import { type KnownKey, KeySetProblem, readJwkSet } from "../../keys/jwk-set.ts";
import { isPem, readPem } from "../../keys/pem-keys.ts";
import { jwksPlace, secretBytes } from "./keys.ts";
import { REGISTERED } from "./required-claims.ts";
import type { JwtConfig } from "./schema.ts";

const KEYS = ["jwks", "public_key", "secret"] as const;

/** Finds what the schema cannot: keys that cannot be used, and algorithms that do not fit them. */
export function checkJwt(config: JwtConfig): ConfigIssue[] {
  const given = KEYS.filter((key) => config[key] !== undefined);
  if (given.length !== 1) return [{ path: [], message: howMany(given) }];
  return [
    ...checkJwks(config),
    ...checkPublicKeys(config),
    ...checkSecret(config),
    ...checkKinds(config),
    ...checkRequired(config),
  ];
}

function howMany(given: readonly string[]): string {
  return given.length === 0
    ? "the keys are missing: write `jwks`, `public_key` or `secret`"
    : `the keys come from one place; keep one of ${given.map((key) => `\`${key}\``).join(" and ")}`;
}

function checkJwks(config: JwtConfig): ConfigIssue[] {
  const place = jwksPlace(config);
  if (place === undefined) return [];
  if (place.kind === "url") return checkUrl(place.url, config);
  const { file } = place;
  const path = ["jwks"];
  try {
    const { keys, warnings } = readJwkSet(readTextFile(file));
    return [
      ...warnings.map((warning): ConfigIssue => ({
        path,
        message: `${file}: ${warning}`,
        severity: "warning",
      })),
      ...checkFit(config, keys),
    ];
  } catch (error) {
    return [{ path, message: problemOf(file, error) }];
  }
}

function checkUrl(written: string, config: JwtConfig): ConfigIssue[] {
  const isShort = typeof config.jwks === "string";
  const path = isShort ? ["jwks"] : ["jwks", "url"];
  const url = URL.parse(written);
  if (url?.protocol === "file:") {
    return [{ path, message: "a file is named without `file://`" }];
  }
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return [{ path, message: "not a URL of http or https" }];
  }
  if (url.username !== "" || url.password !== "") {
    return [{ path, message: "a URL of public keys needs no user and no password" }];
  }
  const issues: ConfigIssue[] = [];
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    const message =
      "without https, anyone on the network path can send keys of their own, and then make tokens";
    issues.push({ path, message, severity: "warning" });
  }
  const ca = typeof config.jwks === "object" ? config.jwks.ca : undefined;
  if (ca === undefined) return issues;
  return [...issues, ...under(["jwks"], checkTlsFiles({ ca }))];
}

function checkPublicKeys(config: JwtConfig): ConfigIssue[] {
  const keys: KnownKey[] = [];
  const issues: ConfigIssue[] = [];
  for (const [index, written] of (config.public_key ?? []).entries()) {
    const place = isPem(written) ? "the text" : written;
    try {
      keys.push(...readPem(isPem(written) ? written : readTextFile(written)).keys);
    } catch (error) {
      issues.push({ path: ["public_key", index], message: problemOf(place, error) });
    }
  }
  return issues.length > 0 ? issues : [...issues, ...checkFit(config, keys)];
}

function checkSecret(config: JwtConfig): ConfigIssue[] {
  const bytes = secretBytes(config);
  if (bytes === undefined) return [];
  const asked = (config.algorithms ?? ["HS256" as const]).map(leastBytes);
  const needed = Math.max(...asked);
  if (bytes.length >= needed) return [];
  const message = `the secret has ${bytes.length} bytes, and ${needed} are the least for ${config.algorithms?.join(", ") ?? "HS256"}; \`openssl rand -base64 ${needed}\` makes one`;
  return [{ path: ["secret"], message }];
}

/** A public key is no secret: with it for HMAC, everybody could sign. */
function checkKinds({ algorithms: listed = [], secret }: JwtConfig): ConfigIssue[] {
  return listed.flatMap((name, index) => {
    const isForSecrets = algorithms[name].type === "oct";
    if (isForSecrets === (secret !== undefined)) return [];
    const message = isForSecrets
      ? `${name} needs a \`secret\`; with a public key for one, everybody could make tokens`
      : `${name} needs public keys: \`jwks\` or \`public_key\`, not a \`secret\``;
    return [{ path: ["algorithms", index], message }];
  });
}

/** Finds algorithms for which none of the keys is; `keys` are all that there are. */
function checkFit(
  { algorithms: listed = [] }: JwtConfig,
  keys: readonly KnownKey[],
): ConfigIssue[] {
  const able = new Set<Algorithm>(keys.flatMap(({ key }) => key.algorithms));
  return listed.flatMap((name, index) => {
    if (algorithms[name].type === "oct" || able.has(name) || able.size === 0) return [];
    const message = `no key is for ${name}; the keys are for ${[...able].join(", ")}`;
    return [{ path: ["algorithms", index], message }];
  });
}

function checkRequired({ require: required = {} }: JwtConfig): ConfigIssue[] {
  return Object.entries(required).flatMap(([name, values]) => {
    const isOff = values.length === 1 && values[0] === false;
    if (name === "exp") {
      const isSwitch = isOff || (values.length === 1 && values[0] === true);
      if (isSwitch) return [];
      return [{ path: ["require", name], message: "`exp` is either true, the default, or false" }];
    }
    if (!isOff || !REGISTERED.has(name)) return [];
    const message = `a token needs no \`${name}\` unless it is required; leave it out`;
    return [{ path: ["require", name], message }];
  });
}

function problemOf(place: string, error: unknown): string {
  if (error instanceof FileProblem) return error.message;
  if (error instanceof KeySetProblem) return `${place} cannot be used: ${error.message}`;
  throw error;
}
