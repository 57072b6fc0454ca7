import { type Feature, feature, onRoute, onUpstream } from "./feature.ts";

/** What is there for backends that fail, while none does. */
export const trying: readonly Feature[] = [
  feature({ key: "retry", name: "`retry: 3`", with: onRoute({ retry: 3 }) }),
  feature({
    key: "hedge",
    name: "`hedge: 2s`",
    without: onUpstream({}),
    with: onUpstream({}, { hedge: "2s" }),
  }),
  feature({
    key: "ejection",
    name: "`ejection`",
    without: onUpstream({}),
    with: onUpstream({ ejection: true }),
  }),
  feature({
    key: "circuit-breaker",
    name: "`circuit_breaker`",
    without: onUpstream({}),
    with: onUpstream({ circuit_breaker: true }),
  }),
  feature({
    key: "all-trying",
    name: "all four",
    without: onUpstream({}),
    with: onUpstream({ ejection: true, circuit_breaker: true }, { retry: 3, hedge: "2s" }),
  }),
];
