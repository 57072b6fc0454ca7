/** Keys of nginx, Caddy, Traefik, KrakenD, Kong, HAProxy, Envoy, Apache and Express Gateway. */
export interface ForeignKeys {
  /** Where they are answered so: the keys that lead there, list places left out. */
  readonly below: readonly string[];
  readonly keys: string;
  /** The answer in the words of this product. */
  readonly answer: string;
  /** The key of the same mapping that does what they do; it is then not reported as missing. */
  readonly means?: string;
}
