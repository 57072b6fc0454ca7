import type { Static } from "@sinclair/typebox";
import type {
  configuration,
  configurationDetail,
  configurations,
  reloaded,
  rolledBack,
} from "../../../api/schemas/configuration.ts";
import type { session } from "../../../api/schemas/session.ts";
import type {
  backends,
  backendState,
  certificates,
  limits,
  routes,
} from "../../../api/schemas/state.ts";
import type { overview, refusals, stats } from "../../../api/schemas/traffic.ts";
import type { audit } from "../../../api/schemas/writes.ts";
import type { Differences, ReplayedAnswer } from "../../../../../runtime/replay/answer.ts";
import type { Decisions, KeptFields } from "../../../../../pipeline/decisions/decisions.ts";
import type { KeptContent } from "../../../../../pipeline/kept-content.ts";

export type { KeptContent } from "../../../../../pipeline/kept-content.ts";

export type { Decisions, KeptFields } from "../../../../../pipeline/decisions/decisions.ts";
export type { ReplayedAnswer } from "../../../../../runtime/replay/answer.ts";
export type Configuration = Static<typeof configuration>;
export type ConfigurationEntry = Static<typeof configurations>[number];
export type ConfigurationDetail = Static<typeof configurationDetail>;
export type Reloaded = Static<typeof reloaded>;
export type RolledBack = Static<typeof rolledBack>;
export type Session = Static<typeof session>;
export type Backends = Static<typeof backends>;
export type BackendState = Static<typeof backendState>;
export type Certificates = Static<typeof certificates>;
export type Limits = Static<typeof limits>;
export type Routes = Static<typeof routes>;
export type Overview = Static<typeof overview>;
export type Refusals = Static<typeof refusals>;
export type Stats = Static<typeof stats>;
export type AuditPage = Static<typeof audit>;

/** What a list shows of a request and its answer: columns of the log. */
export interface ExchangeRow {
  readonly id: number;
  readonly timestamp: string;
  readonly method: string | null;
  readonly host: string | null;
  readonly path: string | null;
  readonly query: string | null;
  readonly status_code: number;
  readonly latency_ms: number;
  readonly ttfb_ms: number | null;
  readonly client_ip: string;
  readonly subject: string | null;
  readonly route: string | null;
  readonly backend: string | null;
  readonly error_code: string | null;
  readonly refused_by: string | null;
  readonly message: string;
  readonly request_id: string;
  readonly trace_id: string | null;
  readonly attempts: number;
}

/** Everything of one. */
export interface FullRow extends ExchangeRow {
  readonly decisions: Decisions | null;
  readonly request_fields: KeptFields | null;
  readonly response_fields: KeptFields | null;
  /** Of some gateways as JSON. */
  readonly request_body: KeptContent | string | null;
  readonly response_body: KeptContent | string | null;
}

export interface ExchangePage {
  readonly rows: readonly ExchangeRow[];
  readonly next: string | null;
  readonly searched_to: string | null;
  readonly complete: boolean;
}

export interface ExchangeDetail {
  readonly row: FullRow;
  readonly curl: string;
}

/** What happened in one second. */
export interface LiveSecond {
  readonly at: string;
  /** How long it was: a busy gateway tells a little later. */
  readonly seconds: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p99_ms: number | null;
  readonly in_flight: number;
  readonly bytes_out: number;
}

/** A request of the past, sent again. */
export interface Replay {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly notes: readonly string[];
  };
  readonly logged: ReplayedAnswer;
  readonly replayed: ReplayedAnswer;
  readonly differences: Differences;
}

interface Place {
  readonly line: number;
}

/** What would become of a request. */
export interface Explanation {
  readonly outcome: string;
  readonly status?: number;
  readonly route?: { readonly id: string; readonly path: string; readonly at?: Place };
  readonly others: readonly { readonly route: string; readonly why_not: string }[];
  readonly more?: number;
  readonly policies: readonly {
    readonly name: string;
    readonly scope: string;
    readonly settings: unknown;
    readonly at?: Place;
  }[];
  readonly upstreams?: readonly {
    readonly name?: string;
    readonly share?: number;
    readonly backends: readonly {
      readonly url: string;
      readonly share: number;
      readonly healthy: boolean | null;
      readonly why_not?: string;
      readonly detail?: string;
    }[];
  }[];
  readonly sent?: {
    readonly method: string;
    readonly target: string;
    readonly host: string | null;
  };
  readonly notes: readonly string[];
}
