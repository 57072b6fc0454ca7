import { type ForwardSettings, tlsFor } from "../../proxy/settings.ts";
import { TlsKeys } from "../../upstream/tls-keys.ts";
import { Interned } from "../../units/interned.ts";

/**
 * TLS settings of backends, one object for all routes of a configuration whose settings are the same:
 * they may hold the certificates of a hundred authorities, of which a key is not made 10,000 times.
 */
export class BackendTls {
  readonly #keys = new TlsKeys();
  readonly #byOrigin = new Interned<Bun.TLSOptions | undefined>();

  /** Equal for equal settings; undefined where a route has none. */
  keyOf({ tls }: ForwardSettings): string | undefined {
    return tls && this.#keys.of(tls);
  }

  /** How TLS is done with the backend at an origin; undefined without TLS. */
  of(origin: string, settings: ForwardSettings): Bun.TLSOptions | undefined {
    if (!origin.startsWith("https:")) return undefined;
    return this.#byOrigin.of(`${origin} ${this.keyOf(settings) ?? ""}`, () =>
      tlsFor(origin, settings),
    );
  }
}
