import type { Clock } from "../time/clock.ts";
import type { Transport } from "../transport/attempt.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { Mirror } from "./mirror/mirror.ts";
import type { RouteTimeouts } from "./route-timeouts.ts";
import type { ForwardSettings } from "./settings.ts";
import type { Tunnels } from "./tunnel/tunnel.ts";

/** What forwarding depends on; shared by all routes. */
export interface ForwardServices {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  /** Holds every tunnel while it is open. */
  readonly tunnels: Tunnels;
}

/** What all exchanges have in common that a route forwards to an upstream. */
export interface ForwardRoute extends ForwardServices {
  readonly upstream: Upstream;
  readonly settings: ForwardSettings;
  readonly timeouts: RouteTimeouts;
  /** What gets copies of the requests; undefined without any. */
  readonly mirrors?: readonly Mirror[] | undefined;
}
