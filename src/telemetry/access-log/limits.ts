/** How much of the access log is kept. */
export interface Limits {
  /** Milliseconds that a row is kept; 0 keeps it forever. */
  readonly maxAge: number;
  /** Milliseconds that rollups are kept; 0 keeps them forever. */
  readonly maxRollupAge: number;
  /** Maximum bytes of the database with its -wal and -shm files; 0 sets no limit. */
  readonly maxSize: number;
}
