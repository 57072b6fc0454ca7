import { Type } from "@sinclair/typebox";
import { defineSection, under } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";
import { checkOtlp, otlpKeys } from "../otlp/schema.ts";
import { METRICS } from "../otlp/signals.ts";

const SHORTEST_INTERVAL_MS = 1_000;
const LONGEST_INTERVAL_MS = 3_600_000;

/** `metrics` at the top of the configuration. */
export const metrics = defineSection({
  schema: Type.Object(
    {
      enabled: Type.Boolean({
        default: true,
        description:
          "Whether the gateway counts and shows metrics. On, because only the operator can ask for them.",
      }),
      export: Type.Optional(
        Type.Object(
          {
            ...otlpKeys(METRICS.path),
            interval: Duration({
              description: `How often they are sent, from ${SHORTEST_INTERVAL_MS / 1_000}s to 1h.`,
              default: "1m",
            }),
          },
          {
            additionalProperties: false,
            description: "Where metrics are sent as well, by OTLP over HTTP.",
            expected: "{ otlp }, with the URL of a receiver, like { otlp: http://127.0.0.1:4318 }",
          },
        ),
      ),
    },
    {
      additionalProperties: false,
      default: {},
      expected: "true, false or { enabled }",
      description:
        "Metrics for Prometheus at `/metrics` on the operator's port, for those who may see the other pages there. See docs/metrics.md.",
    },
  ),
  check({ export: exported }) {
    if (exported === undefined) return [];
    const { interval } = exported;
    const isWrong =
      interval !== undefined && (interval < SHORTEST_INTERVAL_MS || interval > LONGEST_INTERVAL_MS);
    const message = `metrics are sent every ${SHORTEST_INTERVAL_MS / 1_000}s to every hour`;
    return under(
      ["export"],
      [...checkOtlp(exported), ...(isWrong ? [{ path: ["interval"], message }] : [])],
    );
  },
});
