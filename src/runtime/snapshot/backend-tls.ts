import { type ForwardSettings, tlsFor } from "../../proxy/settings.ts";
import { tlsKey } from "../../upstream/tls-key.ts";
import { Interned } from "../../units/interned.ts";

/**
 * TLS settings of backends, one object for all routes of a configuration whose settings are the same:
 * they may hold the certificates of a hundred authorities, of which a key is not made 10,000 times.
 */
export class BackendTls {
  readonly #keys = new Map<Bun.TLSOptions, string>();
  readonly #byOrigin = new Interned<Bun.TLSOptions | undefined>();

  /** Equal for equal settings; undefined where a route has none. */
  keyOf({ tls }: ForwardSettings): string | undefined {
    if (tls === undefined) return undefined;
    let key = this.#keys.get(tls);
    if (key === undefined) {
      key = tlsKey(tls);
      this.#keys.set(tls, key);
    }
    return key;
  }

  /** How TLS is done with the backend at an origin; undefined without TLS. */
  of(origin: string, settings: ForwardSettings): Bun.TLSOptions | undefined {
    if (!origin.startsWith("https:")) return undefined;
    return this.#byOrigin.of(`${origin} ${this.keyOf(settings) ?? ""}`, () =>
      tlsFor(origin, settings),
    );
  }
}
