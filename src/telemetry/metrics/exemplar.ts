/** A trace of which an observation was part. */
export interface Exemplar {
  readonly traceId: string;
  readonly value: number;
  /** Unix epoch seconds. */
  readonly at: number;
}
