import { metricSources } from "../../../../src/server/metrics/sources.ts";
import { Metrics } from "../../../../src/server/parts/metrics.ts";
import type { Family } from "../../../../src/telemetry/metrics/family.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Every metric that a gateway can show. */
export function allFamilies(): readonly Family[] {
  const metrics = new Metrics(
    { enabled: true },
    {
      clock: new FakeClock(),
      telemetry: { meter: undefined },
      snapshot: notAsked,
      // Only what they are is asked, not their values.
      sources: metricSources({ ports: notAsked } as never),
    },
  );
  return metrics.families;
}

function notAsked(): never {
  throw new Error("nobody asks for values");
}
