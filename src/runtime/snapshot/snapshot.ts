import type { Config } from "../../config/schema.ts";
import type { AddressSet } from "../../http/address-set.ts";
import type { Fetch } from "../../http/fetch.ts";
import type { FieldRules } from "../../http/field-rules.ts";
import type { Chain, Handler } from "../../pipeline/chain.ts";
import type { Noting } from "../../pipeline/exchange.ts";
import type { OutgoingRules } from "../../pipeline/outgoing-fields.ts";
import type { ToProblem } from "../../pipeline/problems.ts";
import type { Redaction } from "../../pipeline/redaction.ts";
import type { ForwardServices } from "../../proxy/route.ts";
import type { Mirror } from "../../proxy/mirror/mirror.ts";
import type { Split } from "../../proxy/split/split.ts";
import type { RoutePattern, RouteTable } from "../../routing/table.ts";
import type { OpenLink } from "../../store/link.ts";
import type { RedisStore } from "../../store/redis-store.ts";
import type { TraceIds } from "../../pipeline/trace.ts";
import type { Tracer } from "../../telemetry/tracing/tracer.ts";
import type { UpstreamServices } from "../../upstream/open.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease, Lifetimes } from "../lifetimes.ts";

/** Where a route's exchanges end. */
export interface RouteEnd {
  /** The end of the chain. */
  readonly forward: Handler;
  /** The upstreams that requests may go to. */
  readonly upstreams: readonly Upstream[];
  /** The name of the only upstream; empty if it has none. */
  readonly upstreamName: string;
  readonly split?: Split;
  readonly mirrors: readonly Mirror[];
  readonly outgoing: OutgoingRules;
}

/** Of which exchanges decisions are kept. */
export type KeptDecisions = Config["logging"]["trace"];

/** A route, compiled as far as possible without a request. */
export interface CompiledRoute extends RoutePattern, RouteEnd {
  /** See `routeIds`. */
  readonly id: string;
  readonly chain: Chain;
  /** Of which of its exchanges decisions are kept; undefined if as of others. */
  readonly trace: KeptDecisions | undefined;
}

/** The compiled, immutable form of one configuration. */
export interface Snapshot {
  /** Names the configuration in the rows of its exchanges; empty if its text is not known. */
  readonly configuration: string;
  /** At most this many exchanges in flight. */
  readonly maxInFlight: number;
  readonly routes: readonly CompiledRoute[];
  readonly table: RouteTable<CompiledRoute>;
  /** The chain of an exchange without a route: the global policies. */
  readonly unrouted: Chain;
  /** The chain of the gateway's own pages, without policies. */
  readonly bare: Chain;
  readonly trustedProxies: AddressSet;
  readonly fieldRules: FieldRules;
  /** What must not be kept of exchanges. */
  readonly redaction: Redaction;
  /** Undefined without tracing. */
  readonly tracer: Tracer | undefined;
  /** What exchanges without a route, or whose route says nothing of it, note for their decisions. */
  readonly noting: Noting | undefined;
  /** By which decisions are kept; undefined if none are. */
  readonly notings: Readonly<Record<KeptDecisions, Noting | undefined>>;
  readonly toProblem: ToProblem;
  /** What gateways share; undefined without one. */
  readonly store: RedisStore | undefined;
  /** The state that the snapshot uses and that may outlive it. */
  readonly lease: Lease;
}

/** What a snapshot depends on; it outlives the snapshot. */
export interface SnapshotServices
  extends Omit<ForwardServices, "random">, Omit<UpstreamServices, "keeper"> {
  readonly lifetimes: Lifetimes;
  readonly toProblem: ToProblem;
  /** For what policies ask on their own behalf. */
  readonly fetch: Fetch;
  /** Opens connections to the store that gateways share. */
  readonly openLink: OpenLink;
  readonly traceIds: TraceIds;
}
