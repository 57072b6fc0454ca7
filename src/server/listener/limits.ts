import type { AddressSet } from "../../http/address-set.ts";
import type { Clock } from "../../time/clock.ts";
import { Timeout } from "../../time/timeout.ts";
import type { Expiring, SessionLimits } from "./services.ts";

/** Limits of the operator's choice; times are in milliseconds, and 0 is no limit. */
export interface ListenerLimits {
  /** Bytes of a request's header section. */
  readonly maxHeaderSize: number;
  readonly headerTimeout: number;
  readonly keepAliveTimeout: number;
  /** Whether clients may speak HTTP/2. */
  readonly http2: boolean;
  /** Peers whose connections must begin with a PROXY header. */
  readonly proxies?: AddressSet;
}

const TEN_YEARS = 10 * 365 * 86_400_000;

/** The limits as sessions apply them. */
export function sessionLimits(
  { maxHeaderSize, headerTimeout, keepAliveTimeout }: ListenerLimits,
  clock: Clock,
): SessionLimits {
  const timeout = (milliseconds: number) =>
    new Timeout<Expiring>(clock, milliseconds, (session) => session.timeIsUp());
  // Without a limit, too, it is known which connection has been idle for longest.
  return {
    maxHeaderSize,
    opening: timeout(headerTimeout || keepAliveTimeout || TEN_YEARS),
    header: timeout(headerTimeout),
    keepAlive: timeout(keepAliveTimeout || TEN_YEARS),
    stalled: timeout(keepAliveTimeout),
  };
}
