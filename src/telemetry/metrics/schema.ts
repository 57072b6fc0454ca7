import { Type } from "@sinclair/typebox";
import { defineSection } from "../../pipeline/section.ts";

/** `metrics` at the top of the configuration. */
export const metrics = defineSection({
  schema: Type.Object(
    {
      enabled: Type.Boolean({
        default: true,
        description:
          "Whether the gateway counts and shows metrics. On, because only the operator can ask for them.",
      }),
    },
    {
      additionalProperties: false,
      default: {},
      expected: "true, false or { enabled }",
      description:
        "Metrics for Prometheus at `/metrics` on the operator's port, for those who may see the other pages there. See docs/metrics.md.",
    },
  ),
});
