import { forwardingFields, hopByHopFields, TOKEN } from "./fields.ts";

/**
 * Fields by which a proxy reports to a backend who asked, for what and with which certificate.
 * Frameworks trust them, so only a trusted proxy may send them.
 */
export const claimFields = [
  ...forwardingFields.filter((name) => name !== "via"),
  // The client's address.
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "client-ip",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded-for",
  "forwarded-for-ip",
  "true-client-ip",
  "x-appengine-user-ip",
  "x-arr-clientip",
  "x-azure-clientip",
  "x-azure-socketip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-envoy-internal",
  "x-forwarded",
  "x-nf-client-connection-ip",
  "x-original-forwarded-for",
  "x-original-remote-addr",
  "x-originating-ip",
  "x-remote-addr",
  "x-remote-ip",
  // The requested target.
  "front-end-https",
  "x-host",
  "x-http-host-override",
  "x-original-host",
  "x-original-method",
  "x-original-path",
  "x-original-proto",
  "x-original-uri",
  "x-original-url",
  "x-rewrite-url",
  "x-script-name",
  "x-url-scheme",
  // That it is a copy, which backends do not act upon: a client could have its request pass for one.
  "x-mirrored",
  // The client's certificate.
  "client-cert",
  "client-cert-chain",
  "x-arr-clientcert",
  "x-client-cert",
  "x-client-dn",
  "x-client-verify",
  "x-ssl-cert",
] as const;

/** Beginnings of names of the same kind, such as X-Forwarded-Prefix and X-SSL-Client-Verify. */
export const claimPrefixes = [
  "ssl-client-",
  "x-amzn-mtls-",
  "x-client-cert-",
  "x-forwarded-",
  "x-ssl-client-",
] as const;

// CGI turns it into the variable HTTP_PROXY, by which many libraries choose their own proxy.
const REMOVED_FROM_EVERYBODY = ["proxy"] as const;

/**
 * Fields of which no backend may see a second spelling: they identify the client or frame the content.
 */
const GUARDED = [...claimFields, "content-length", "transfer-encoding", "x-request-id"];

/**
 * How a client's field is handled: `plain` is passed on; `removed` is not; a `claim` is passed on only
 * from trusted proxies; a field of the gateway's `own` is not passed on from anybody; a `lookalike` of a
 * claim or of a framing field makes the request invalid.
 */
export type FieldKind = "plain" | "removed" | "claim" | "own" | "lookalike";

/** Decides by its name how a field is handled. */
export class FieldRules {
  readonly #kinds: ReadonlyMap<string, FieldKind>;
  readonly #guarded: ReadonlySet<string>;
  readonly #own: ReadonlySet<string>;
  readonly #known = new Map<string, FieldKind>();

  /**
   * `untrusted` are names, in any case, that count as claims as well; `own` those of fields that only the
   * gateway sends to backends, so that every spelling of them is removed.
   */
  constructor(untrusted: readonly string[] = [], own: readonly string[] = []) {
    const claims = [...claimFields, ...untrusted.map((name) => name.toLowerCase())];
    this.#guarded = new Set([...GUARDED, ...claims].map(fold));
    this.#own = new Set(own.map((name) => fold(name.toLowerCase())));
    this.#kinds = new Map<string, FieldKind>([
      ...claims.map((name) => [name, "claim"] as const),
      ...[...hopByHopFields, ...REMOVED_FROM_EVERYBODY].map((name) => [name, "removed"] as const),
    ]);
  }

  /** Takes a name in lower case. */
  kindOf(name: string): FieldKind {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const kind = this.#find(name);
    if (name.length > LONGEST_KNOWN) return kind;
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear();
    this.#known.set(name, kind);
    return kind;
  }

  #find(name: string): FieldKind {
    const folded = fold(name);
    if (this.#own.has(folded)) return "own";
    const listed = this.#kinds.get(name);
    if (listed !== undefined) return listed;
    if (hasClaimPrefix(name)) return "claim";
    const looksLike = this.#guarded.has(folded) || hasClaimPrefix(folded);
    return folded !== name && looksLike ? "lookalike" : "plain";
  }
}

/** Why a field cannot be listed as untrusted, for the operator; undefined if it can. */
export function untrustedFieldProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return `\`${name}\` is not a field name; write one like X-User`;
  return READ_BY_GATEWAY.has(name.toLowerCase())
    ? `the gateway has its own rules for \`${name}\`; leave it out`
    : undefined;
}

const READ_BY_GATEWAY: ReadonlySet<string> = new Set([
  ...hopByHopFields,
  "content-length",
  "expect",
  "host",
  "max-forwards",
  "user-agent",
  "via",
  "x-request-id",
]);

// Clients send the same few names repeatedly.
const KNOWN_AT_MOST = 512;
const LONGEST_KNOWN = 64;

function hasClaimPrefix(name: string): boolean {
  return claimPrefixes.some((prefix) => name.startsWith(prefix));
}

/** A lower-case name as read by backends that know only letters, digits and "-" (or "_"). */
function fold(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, "-");
}
