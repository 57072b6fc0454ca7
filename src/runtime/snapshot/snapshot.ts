import type { AddressSet } from "../../http/address.ts";
import type { FieldRules } from "../../http/field-rules.ts";
import type { Chain, Handler } from "../../pipeline/chain.ts";
import type { OutgoingRules } from "../../pipeline/outgoing.ts";
import type { ToProblem } from "../../pipeline/problems.ts";
import type { ForwardServices } from "../../proxy/forward.ts";
import type { RoutePattern, RouteTable } from "../../routing/table.ts";
import type { UpstreamServices } from "../../upstream/open.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import type { Lease, Lifetimes } from "../lifetimes.ts";

/** A route with everything decided that can be decided before a request comes. */
export interface CompiledRoute extends RoutePattern {
  /** See `routeIds`. */
  readonly id: string;
  readonly upstream: Upstream;
  readonly outgoing: OutgoingRules;
  readonly chain: Chain;
  /** What stands at the chain's end. */
  readonly forward: Handler;
}

/** The compiled, immutable form of one configuration. */
export interface Snapshot {
  /** How many exchanges there may be at a time. */
  readonly maxInFlight: number;
  readonly routes: readonly CompiledRoute[];
  readonly table: RouteTable<CompiledRoute>;
  /** The chain of an exchange without a route: the global policies. */
  readonly unrouted: Chain;
  /** The chain of the gateway's own pages: no policy at all. */
  readonly bare: Chain;
  readonly trustedProxies: AddressSet;
  readonly fieldRules: FieldRules;
  readonly toProblem: ToProblem;
  /** What the snapshot uses of that which outlives it. */
  readonly lease: Lease;
}

/** What a snapshot is given; it outlives the snapshot. */
export interface SnapshotServices extends ForwardServices, Omit<UpstreamServices, "keeper"> {
  readonly lifetimes: Lifetimes;
  readonly toProblem: ToProblem;
}
