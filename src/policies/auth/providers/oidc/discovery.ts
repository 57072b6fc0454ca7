import * as oauth from "oauth4webapi";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import { printable } from "../../../../units/printable.ts";
import type { KeySet } from "../../keys/key-set.ts";
import { RemoteKeys } from "../../keys/remote-keys.ts";
import { IssuerError, issuerError } from "./issuer-error.ts";
import type { OidcConfig } from "./schema.ts";

/** How old a discovery document may be before it is read again, while the old one is in use. */
const REREAD_AFTER_MS = 3_600_000;
/** How long after a failure it is tried again: with an old one in use, and without. */
const RETRY_AFTER_MS = 60_000;
const RETRY_WITHOUT_AFTER_MS = 1_000;
/** OpenID Connect Discovery section 3: the algorithm that every issuer must have. */
const DEFAULT_ALGORITHMS = ["RS256"];

export type Metadata = oauth.AuthorizationServer;

export interface IssuerServices extends Pick<PolicyServices, "clock" | "fetch" | "log"> {
  /** Authorities to trust in place of the system's, in PEM. */
  readonly ca: string | undefined;
}

/** What an issuer says of itself (OpenID Connect Discovery 1.0), and its keys: both as they change. */
export class Discovery {
  readonly #config: OidcConfig;
  readonly #services: IssuerServices;
  /** What log lines begin with. */
  readonly #subject: string;
  readonly #options: oauth.HttpRequestOptions<"GET">;
  #metadata: Metadata | undefined;
  #keys: { readonly url: string; readonly set: RemoteKeys } | undefined;
  #rereadAt = -Infinity;
  #isClosed = false;
  #reading: Promise<Metadata> | undefined;
  /** What was last logged; empty while all is well. */
  #complaint = "";

  constructor(
    config: OidcConfig,
    services: IssuerServices,
    name: string,
    options: oauth.HttpRequestOptions<"GET">,
  ) {
    this.#config = config;
    this.#services = services;
    this.#subject = `auth.${name}: the issuer ${printable(config.issuer)}`;
    this.#options = options;
  }

  /**
   * The discovery document: at once if it is known, however old it is. Throws an IssuerError, or rejects
   * with one.
   */
  metadata(): Metadata | Promise<Metadata> {
    const known = this.#metadata;
    const isTooEarly = this.#services.clock.monotonic() < this.#rereadAt;
    if (known !== undefined && isTooEarly) return known;
    // Those that come while the issuer is down do not all wait for it.
    if (known === undefined && isTooEarly) throw new IssuerError("unreachable", this.#complaint);
    this.#reading ??= this.#read();
    if (known === undefined) return this.#reading;
    this.#reading.catch(() => {});
    return known;
  }

  /** Nothing is read ahead any more. */
  close(): void {
    this.#isClosed = true;
    this.#keys?.set.close();
  }

  async #read(): Promise<Metadata> {
    const { clock, log } = this.#services;
    try {
      this.#metadata = await this.#discover();
      if (!this.#isClosed) this.keysOf(this.#metadata);
      this.#rereadAt = clock.monotonic() + REREAD_AFTER_MS;
      if (this.#complaint !== "") log("info", `${this.#subject} can be used again`);
      this.#complaint = "";
      return this.#metadata;
    } catch (error) {
      const problem = issuerError(error);
      const pause = this.#metadata === undefined ? RETRY_WITHOUT_AFTER_MS : RETRY_AFTER_MS;
      this.#rereadAt = clock.monotonic() + pause;
      if (problem.message !== this.#complaint) {
        const meanwhile =
          this.#metadata === undefined ? "nobody can log in" : "the last one stays in use";
        log("warn", `${this.#subject} cannot be used: ${problem.message}; ${meanwhile}`);
      }
      this.#complaint = problem.message;
      throw problem;
    } finally {
      this.#reading = undefined;
    }
  }

  async #discover(): Promise<Metadata> {
    const url = new URL(this.#config.issuer);
    const response = await oauth.discoveryRequest(url, this.#options);
    const { status } = response;
    if (status >= 300 && status < 500) {
      throw new IssuerError("invalid", `it answers with the status ${status}`);
    }
    const metadata = await oauth.processDiscoveryResponse(url, response).catch((error: unknown) => {
      const own = otherIssuer(error);
      if (own === undefined) throw error;
      throw new IssuerError(
        "invalid",
        `it calls itself ${printable(own)}; write that as \`issuer\``,
      );
    });
    const endpoint = URL.parse(metadata.authorization_endpoint ?? "");
    const isSafe = endpoint?.protocol === "https:" || endpoint?.protocol === url.protocol;
    if (!isSafe) throw new IssuerError("invalid", "it has no authorization_endpoint with https");
    const keys = URL.parse(metadata.jwks_uri ?? "");
    const areSafe = keys?.protocol === "https:" || keys?.protocol === url.protocol;
    if (!areSafe) throw new IssuerError("invalid", "it has no jwks_uri with https");
    const allowed: readonly string[] = this.#config.algorithms;
    const offered = metadata.id_token_signing_alg_values_supported ?? DEFAULT_ALGORITHMS;
    const algorithms = offered.filter((name) => allowed.includes(name));
    return { ...metadata, id_token_signing_alg_values_supported: algorithms };
  }

  /** The issuer's keys, which are read ahead and followed as they change. */
  keysOf({ jwks_uri: url = "" }: Metadata): KeySet {
    if (this.#keys?.url === url) return this.#keys.set;
    this.#keys?.set.close();
    this.#keys = { url, set: new RemoteKeys({ ...this.#services, url }) };
    return this.#keys.set;
  }
}

/** What a discovery document calls its issuer, if that is why it was not accepted. */
function otherIssuer(error: unknown): string | undefined {
  if (!(error instanceof oauth.OperationProcessingError)) return undefined;
  if (error.code !== oauth.JSON_ATTRIBUTE_COMPARISON) return undefined;
  const { body } = error.cause as { body?: { issuer?: unknown } };
  return typeof body?.issuer === "string" ? body.issuer : undefined;
}
