/** Who is at the other end of a connection. */
export interface Peer {
  /** Normalized. */
  readonly address: string;
  /** 0 if unknown. */
  readonly port: number;
}
