import type { BackendObstacle } from "../../pipeline/decisions/decisions.ts";

/**
 * What would become of a request, by a configuration and without sending anything: the JSON of `gateway
 * explain --json` and of /admin/api/explain. Secrets are left out. Keys that are absent have nothing to
 * tell; whatever reads this must expect further keys.
 */
export interface Explanation {
  readonly request: ExplainedRequest;
  /** A sentence: which route gets it, or how it is answered instead. */
  readonly outcome: string;
  /** Of the answer if no route gets it, or the route answers by itself. */
  readonly status?: number;
  /** The methods that routes take, if none takes this one. */
  readonly allow?: string;
  /** The route that gets it. */
  readonly route?: ExplainedRoute;
  /** The others that match host and path, the most specific first, then the nearest that do not. */
  readonly others: readonly ExplainedRival[];
  /** How many more do not match. */
  readonly more?: number;
  /** Those that would run, in order; without a route those of all requests. */
  readonly policies: readonly ExplainedPolicy[];
  /** How it is forwarded, and what the route says of that. */
  readonly settings?: readonly ExplainedSetting[];
  /** One for each upstream that it may go to; of a split several. */
  readonly upstreams?: readonly ExplainedUpstream[];
  /** What a backend would get. */
  readonly sent?: ExplainedSending;
  /** What a client would be answered by a route with `redirect` or `respond`. */
  readonly answered?: ExplainedAnswer;
  /** What this cannot know. */
  readonly notes: readonly string[];
}

export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly path: string;
  /** With its "?", redacted. */
  readonly query: string;
  /** Its client's address, behind trusted proxies as they report it. */
  readonly client: string;
  /** The method that a preflight asks about. */
  readonly preflight_for?: string;
}

/** A place in the configuration file; absent if it is not known. */
export interface ExplainedPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ExplainedRoute {
  readonly id: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly at?: ExplainedPlace;
}

export interface ExplainedRival {
  readonly route: string;
  readonly why_not: string;
}

export interface ExplainedPolicy {
  readonly name: string;
  /** Whether it is for all requests, or of the route, written there or in `defaults`. */
  readonly scope: "gateway" | "route" | "defaults";
  /** The key of the configuration. */
  readonly key: string;
  /** As they are in force, with defaults. */
  readonly settings: unknown;
  readonly at?: ExplainedPlace;
}

export interface ExplainedSetting {
  readonly key: string;
  readonly value: unknown;
  /** Absent if it is a default of the gateway's. */
  readonly at?: ExplainedPlace;
  readonly scope?: "gateway" | "route" | "defaults" | "upstream";
}

export interface ExplainedUpstream {
  /** Absent for a route's own backends. */
  readonly name?: string;
  readonly at?: ExplainedPlace;
  /** Of a split: its part of the requests that nothing else decides, 0 to 1. */
  readonly share?: number;
  /** Of a split: whether this request meets its `when`. */
  readonly is_chosen?: boolean;
  readonly balance: unknown;
  readonly backends: readonly ExplainedBackend[];
  /** Sources of further backends. */
  readonly discovered_by?: readonly string[];
  /** What else is written about it. */
  readonly settings: readonly ExplainedSetting[];
}

export interface ExplainedBackend {
  readonly url: string;
  readonly weight: number;
  /** Its part of the requests, 0 to 1, if all backends are available. */
  readonly share: number;
  readonly backup?: boolean;
  readonly max_in_flight?: number;
  /** Null without a running gateway to ask. */
  readonly healthy: boolean | null;
  readonly in_flight?: number;
  /** What keeps requests from it now. */
  readonly why_not?: BackendObstacle;
  readonly detail?: string;
}

export interface ExplainedSending {
  readonly method: string;
  /** Path and query, behind the base path of a backend's URL. */
  readonly target: string;
  /** Null: each backend's own. */
  readonly host: string | null;
  /** Names and values, redacted; Host is not among them. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Why it cannot be sent: how the client would be answered. */
  readonly problem?: string;
}

export interface ExplainedAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}
