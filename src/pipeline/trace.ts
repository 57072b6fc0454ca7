import { isTraceField, RANDOM, SAMPLED, traceParent } from "../http/trace-context.ts";

/** Makes ids of traces and spans: lower-case hexadecimal digits, never all 0. */
export class TraceIds {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #bytes = Buffer.alloc(POOL_BYTES);
  #digits = "";
  #at = 0;

  /** `fill` fills an array with random bytes. */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** 32 digits. */
  traceId(): string {
    return this.#next(32);
  }

  /** 16 digits. */
  spanId(): string {
    return this.#next(16);
  }

  #next(length: number): string {
    for (;;) {
      if (this.#at + length > this.#digits.length) this.#refill();
      const id = this.#digits.slice(this.#at, this.#at + length);
      this.#at += length;
      if (!ZEROS.test(id)) return id;
    }
  }

  #refill(): void {
    this.#fill(this.#bytes);
    this.#digits = this.#bytes.toString("hex");
    this.#at = 0;
  }
}

/** Random bytes are drawn for many ids at a time, which costs a tenth per id. */
const POOL_BYTES = 1_024;
const ZEROS = /^0+$/;

/** How a trace begins, or goes on, at this gateway. */
interface TraceOpening {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly isSampled: boolean;
  /** Whether the sender of the trace's id says that its last digits are random. */
  readonly isRandom: boolean;
  readonly state: string;
}

/** An exchange's place in a distributed trace (W3C Trace Context). Ids are lower-case hexadecimal digits. */
export class TraceContext {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits: the span of this exchange. */
  readonly spanId: string;
  /** The client's span; empty if the trace begins here. */
  readonly parentId: string;
  /** Whether its spans are recorded and exported. */
  readonly isSampled: boolean;
  /** The tracestate field to pass on; empty without one. */
  readonly state: string;
  readonly #flags: number;
  readonly #ids: TraceIds | undefined;

  /** Without `ids`, what its exchange sends has no spans of its own. */
  constructor(opening: TraceOpening, ids: TraceIds | undefined) {
    const { traceId, spanId, parentId, isSampled, isRandom, state } = opening;
    this.traceId = traceId;
    this.spanId = spanId;
    this.parentId = parentId;
    this.isSampled = isSampled;
    this.state = state;
    this.#flags = (isSampled ? SAMPLED : 0) | (isRandom ? RANDOM : 0);
    this.#ids = ids;
  }

  /** The id of an attempt's span; the exchange's if attempts have none of their own. */
  attemptSpanId(): string {
    return this.#ids?.spanId() ?? this.spanId;
  }

  /**
   * The fields of a request in this trace, whose parent is the span `spanId`: names in lower case, each
   * followed by its value. What the given fields say of a trace is replaced.
   */
  fieldsFor(fields: readonly string[], spanId: string): string[] {
    const traced: string[] = [];
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? "";
      if (!isTraceField(name)) traced.push(name, fields[at + 1] ?? "");
    }
    const { traceId, state } = this;
    traced.push("traceparent", traceParent({ traceId, parentId: spanId, flags: this.#flags }));
    if (state !== "") traced.push("tracestate", state);
    return traced;
  }

  /** The same place, for a request that the gateway sends on its own behalf and that has no span. */
  withoutSpans(): TraceContext {
    const isRandom = (this.#flags & RANDOM) !== 0;
    const { traceId, spanId, parentId, isSampled, state } = this;
    return new TraceContext({ traceId, spanId, parentId, isSampled, isRandom, state }, undefined);
  }
}
