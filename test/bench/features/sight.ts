import { type Feature, feature, onRoute, type Setup } from "./feature.ts";

/** A gateway that tells more or less of its requests. The backend takes spans too. */
const telling = (settings: NonNullable<Setup["settings"]>): Setup => ({
  ...onRoute({}),
  settings,
});

const tracing = (sample: string): Setup =>
  telling((backend) => ({ tracing: { otlp: backend, sample } }));
const withTrace = (trace: string): Setup => telling(() => ({ logging: { trace } }));

/** What the gateway tells of its own traffic. Rollups and the search index are always there. */
export const sight: readonly Feature[] = [
  feature({
    key: "metrics",
    name: "`metrics`",
    without: telling(() => ({ metrics: false })),
    with: onRoute({}),
  }),
  feature({
    key: "trace-errors",
    name: "`logging.trace: errors`, and there are none",
    without: withTrace("off"),
    with: withTrace("errors"),
  }),
  feature({
    key: "trace-all",
    name: "`logging.trace: all`",
    without: withTrace("off"),
    with: withTrace("all"),
  }),
  feature({ key: "tracing-10", name: "`tracing`, 10 % sampled", with: tracing("10%") }),
  feature({ key: "tracing-100", name: "`tracing`, all sampled", with: tracing("100%") }),
];
