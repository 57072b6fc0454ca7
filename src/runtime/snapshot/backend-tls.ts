import { type ForwardSettings, tlsFor } from "../../proxy/settings.ts";
import { TlsKeys } from "../../upstream/tls-keys.ts";
import { Interned } from "../../units/interned.ts";

/**
 * TLS settings of backends, one object for all routes of a configuration with equal settings. They may
 * hold the certificates of a hundred authorities, whose key should not be computed 10,000 times.
 */
export class BackendTls {
  readonly #keys = new TlsKeys();
  readonly #byOrigin = new Interned<Bun.TLSOptions | undefined>();

  /** Equal for equal settings; undefined if a route has none. */
  keyOf({ tls }: Pick<ForwardSettings, "tls">): string | undefined {
    return tls && this.#keys.of(tls);
  }

  /** TLS settings for the backend at an origin; undefined without TLS. */
  of(origin: string, settings: Pick<ForwardSettings, "tls">): Bun.TLSOptions | undefined {
    if (!origin.startsWith("https:")) return undefined;
    return this.#byOrigin.of(`${origin} ${this.keyOf(settings) ?? ""}`, () =>
      tlsFor(origin, settings),
    );
  }
}
