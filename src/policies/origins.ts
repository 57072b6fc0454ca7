/** Why a text is not an origin, for the operator. */
export type OriginProblem = { readonly problem: string };

const SERIALIZED = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\\\s]+)$/;
const LABEL = /^[a-z0-9_-]+$/;

/**
 * Normalizes a configured origin to the form that browsers send: lower case, no default port, IDNA
 * names encoded. "*", "null" and a "*" as the first label of the host are kept.
 */
export function readOrigin(written: string): string | OriginProblem {
  if (written === "*" || written === "null") return written;
  const [, scheme, host] = SERIALIZED.exec(written.toLowerCase()) ?? [];
  if (scheme === undefined || host === undefined) return { problem: formProblem(written) };
  if (!host.startsWith("*.")) {
    return host.includes("*") ? { problem: WILDCARD } : canonical(scheme, host);
  }
  const domain = host.slice(2);
  if (domain.includes("*")) return { problem: WILDCARD };
  const origin = canonical(scheme, domain);
  return typeof origin === "string" ? origin.replace("://", "://*.") : origin;
}

const WILDCARD = "a `*` stands for the first label of a host, as in `https://*.example.com`";

function formProblem(written: string): string {
  const [, origin] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+)[/?#]/i.exec(written) ?? [];
  return origin === undefined
    ? "an origin is a scheme and a host, as in `https://example.com`"
    : `an origin ends with its host and port: write \`${origin}\``;
}

function canonical(scheme: string, host: string): string | OriginProblem {
  const origin = `${scheme}://${host}`;
  if (!URL.canParse(origin)) return { problem: `\`${host}\` is not a host with an optional port` };
  // The URL standard has no origin for schemes such as chrome-extension, which browsers send too.
  return scheme === "http" || scheme === "https" ? new URL(origin).origin : origin;
}

/** The allowed origins, in the form that readOrigin returns. */
export class AllowedOrigins {
  /** Whether every origin is allowed. */
  readonly any: boolean;
  readonly #exact: ReadonlySet<string>;
  readonly #patterns: readonly { readonly before: string; readonly after: string }[];

  constructor(origins: readonly string[]) {
    this.any = origins.includes("*");
    this.#exact = new Set(origins.filter((origin) => !origin.includes("*")));
    this.#patterns = origins
      .filter((origin) => origin.includes("://*."))
      .map((origin) => {
        const star = origin.indexOf("*");
        return { before: origin.slice(0, star), after: origin.slice(star + 1) };
      });
  }

  /** Whether the value of an Origin field is allowed; compared as it is (Fetch, CORS check). */
  has(origin: string): boolean {
    if (this.any || this.#exact.has(origin)) return true;
    return this.#patterns.some(
      ({ before, after }) =>
        origin.startsWith(before) &&
        origin.endsWith(after) &&
        LABEL.test(origin.slice(before.length, -after.length)),
    );
  }
}
