import { type Counted, latencyBucketOf, type Sums, SumsPool } from "./sums.ts";

/** What exchanges have in common that are summed up together. */
export interface Series {
  /** Empty if no route matched. */
  readonly route: string;
  /** Empty if no backend was asked. */
  readonly backend: string;
  /** Empty for a route's own backends. */
  readonly upstream: string;
  /** The first digit of the status. */
  readonly statusClass: number;
}

export interface SeriesSums extends Series {
  readonly sums: Sums;
}

/** The same for the same series alone. */
export const seriesKey = ({ route, backend, upstream, statusClass }: Series): string =>
  `${statusClass}${route}\n${backend}\n${upstream}`;

/** What usage is summed up by. Their order is that of stored batches: more can be added at the end. */
export const USAGE_KINDS = ["client", "subject", "model", "refused_by", "error"] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

/** The sums of the exchanges of a batch that arrived in one minute. */
export class MinuteSums {
  /** Its beginning in epoch seconds. */
  readonly at: number;
  readonly series = new Map<string, SeriesSums>();
  readonly usage: Readonly<Record<UsageKind, Map<string, Sums>>> = {
    client: new Map(),
    subject: new Map(),
    model: new Map(),
    refused_by: new Map(),
    error: new Map(),
  };
  readonly #pool: SumsPool;
  #last: SeriesSums | undefined;

  constructor(at: number, pool: SumsPool) {
    this.at = at;
    this.#pool = pool;
  }

  add(record: Counted): void {
    const bucket = latencyBucketOf(record);
    this.#seriesOf(record).sums.add(record, bucket);
    const { clientIp, subject, model, refusedBy, errorCode } = record;
    this.#use(this.usage.client, clientIp, record, bucket);
    if (subject !== "") {
      this.#use(this.usage.subject, subjectKey(record.provider, subject), record, bucket);
    }
    if (model !== "") this.#use(this.usage.model, model, record, bucket);
    if (refusedBy !== "") this.#use(this.usage.refused_by, refusedBy, record, bucket);
    if (errorCode !== "") this.#use(this.usage.error, errorCode, record, bucket);
  }

  #seriesOf({ route, backend, upstream, statusCode }: Counted): SeriesSums {
    const statusClass = Math.floor(statusCode / 100);
    const last = this.#last;
    // Making a key costs more than these comparisons.
    if (
      last?.statusClass === statusClass &&
      last.route === route &&
      last.backend === backend &&
      last.upstream === upstream
    ) {
      return last;
    }
    const key = seriesKey({ route, backend, upstream, statusClass });
    let found = this.series.get(key);
    if (found === undefined) {
      found = { route, backend, upstream, statusClass, sums: this.#pool.take() };
      this.series.set(key, found);
    }
    this.#last = found;
    return found;
  }

  #use(kind: Map<string, Sums>, value: string, record: Counted, bucket: number): void {
    let sums = kind.get(value);
    if (sums === undefined) {
      sums = this.#pool.take();
      kind.set(value, sums);
    }
    sums.add(record, bucket);
  }
}

/** A subject with its provider, as quotas name it too: "partners/acme". */
export const subjectKey = (provider: string, subject: string): string => `${provider}/${subject}`;

const MINUTE_MS = 60_000;

/** The sums of a batch, by minute. They are valid until the next batch. */
export class BatchSums {
  readonly #pool = new SumsPool();
  readonly #minutes = new Map<number, MinuteSums>();

  /** Sums up a batch, in place of the one before. */
  of(records: readonly Counted[]): Iterable<MinuteSums> {
    this.#pool.release();
    this.#minutes.clear();
    let minute: MinuteSums | undefined;
    let begin = Number.NaN;
    for (const record of records) {
      const { timestamp } = record;
      if (!(timestamp >= begin && timestamp < begin + MINUTE_MS)) {
        begin = Math.floor(timestamp / MINUTE_MS) * MINUTE_MS;
        minute = this.#minuteAt(begin / 1_000);
      }
      minute?.add(record);
    }
    return this.#minutes.values();
  }

  #minuteAt(at: number): MinuteSums {
    let minute = this.#minutes.get(at);
    if (minute === undefined) {
      minute = new MinuteSums(at, this.#pool);
      this.#minutes.set(at, minute);
    }
    return minute;
  }
}
