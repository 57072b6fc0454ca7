import { DateLine } from "../../../../src/server/listener/date-line.ts";
import { sessionLimits } from "../../../../src/server/listener/limits.ts";
import type { SessionServices } from "../../../../src/server/listener/services.ts";
import type { Handle } from "../../../../src/server/listener/session.ts";
import type { Clock } from "../../../../src/time/clock.ts";
import { RequestHeadReader } from "../../../../src/wire/request-head.ts";

/** What sessions need of their listener: 10 s for header sections, 75 s of idleness. */
export function sessionServices(
  clock: Clock,
  handle: Handle,
  changes: Partial<SessionServices> & { readonly maxHeaderSize?: number } = {},
): SessionServices {
  const { maxHeaderSize = 1_000, ...services } = changes;
  const limits = { maxHeaderSize, headerTimeout: 10_000, keepAliveTimeout: 75_000, http2: true };
  return {
    handle,
    clock,
    dateLine: new DateLine(clock),
    heads: new RequestHeadReader(),
    limits: sessionLimits(limits, clock),
    gone: () => {},
    onError: () => {},
    ...services,
  };
}
