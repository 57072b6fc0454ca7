/** Keys of nginx, Caddy, Traefik, KrakenD, Kong, HAProxy, Envoy, Apache and Express Gateway. */
export interface ForeignKeys {
  /** Where this answer applies: the keys that lead there, without list indexes. */
  readonly below: readonly string[];
  readonly keys: string;
  /** The answer in this gateway's terms. */
  readonly answer: string;
  /** The key of the same mapping with that meaning, which is then not reported as missing. */
  readonly means?: string;
}
