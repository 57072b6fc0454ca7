import { parseTraceParent, parseTraceState, RANDOM, SAMPLED } from "../../http/trace-context.ts";
import type { RequestFields } from "../../http/request-fields.ts";
import { TraceContext, type TraceIds } from "../../pipeline/trace.ts";

/** Whose traces are continued: nobody's, those of trusted proxies, or everybody's. */
export type TraceTrust = "never" | "proxies" | "always";

/** How traces begin. */
export interface TracerSettings {
  readonly trust: TraceTrust;
  /** The share of traces to record that begin here, 0 to 1. */
  readonly sample: number;
}

/** Decides which trace an exchange is part of, and whether it is recorded. */
export class Tracer {
  readonly #trust: TraceTrust;
  /** Trace ids whose last digits are a number from here on are recorded. */
  readonly #threshold: number;
  readonly #ids: TraceIds;

  constructor({ trust, sample }: TracerSettings, ids: TraceIds) {
    this.#trust = trust;
    this.#threshold = (1 - sample) * 16 ** SAMPLING_DIGITS;
    this.#ids = ids;
  }

  /**
   * The trace of a request. A valid traceparent of a sender that is trusted is continued, and decides
   * about recording; any other request begins a trace.
   */
  begin(fields: RequestFields, isFromProxy: boolean): TraceContext {
    const ids = this.#ids;
    const isTrusted = this.#trust === "always" || (isFromProxy && this.#trust === "proxies");
    const field = isTrusted ? fields.get("traceparent") : null;
    const parent = field === null ? undefined : parseTraceParent(field);
    const spanId = ids.spanId();
    if (parent === undefined) {
      const traceId = ids.traceId();
      const isSampled = this.#isChosen(traceId);
      const opening = { traceId, spanId, parentId: "", isSampled, isRandom: false, state: "" };
      return new TraceContext(opening, ids);
    }
    const { traceId, parentId, flags } = parent;
    const state = fields.get("tracestate");
    return new TraceContext(
      {
        traceId,
        spanId,
        parentId,
        isSampled: (flags & SAMPLED) !== 0,
        isRandom: (flags & RANDOM) !== 0,
        state: state === null ? "" : parseTraceState(state),
      },
      ids,
    );
  }

  /** By the id alone, so that gateways with one ratio choose the same traces. */
  #isChosen(traceId: string): boolean {
    return Number.parseInt(traceId.slice(-SAMPLING_DIGITS), 16) >= this.#threshold;
  }
}

/** As many as a number holds exactly. */
const SAMPLING_DIGITS = 13;
