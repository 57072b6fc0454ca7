import type { Live } from "../live/live.ts";
import type { SinkKind } from "./sink.ts";

/** Those who watch, by the operator's API. */
export function liveSink(live: Live): SinkKind {
  return {
    name: "live",
    open: () => ({
      write: (record) => live.add(record),
      counts: () => ({ written: live.total, queued: 0, dropped: 0 }),
      close: () => Promise.resolve(),
    }),
    staysFor: () => true,
  };
}
