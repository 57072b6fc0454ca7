import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";

/** `preserve_host` of a route. */
export const preserveHost = defineSection({
  schema: Type.Boolean({
    description:
      "Whether a backend gets the Host that the client sent. If not, it gets its own, which shared hosting and most https backends need.",
    default: true,
  }),
});

/** `max_body_size` of a route. */
export const maxBodySize = defineSection({
  schema: Type.Optional(Size({ description: "The largest request body that this route accepts." })),
});

/** `timeouts` of a route: what differs from the server's. */
export const timeouts = defineSection({
  schema: Type.Optional(
    Type.Object(
      {
        request: Type.Optional(
          Duration({ description: "As server.read_timeout, for this route." }),
        ),
        response: Type.Optional(
          Duration({ description: "As server.write_timeout, for this route." }),
        ),
        idle: Type.Optional(Duration({ description: "As server.idle_timeout, for this route." })),
        exchange: Type.Optional(
          Duration({ description: "As server.exchange_timeout, for this route." }),
        ),
      },
      { additionalProperties: false, description: "Timeouts that differ from the server's." },
    ),
  ),
  check: checkTimeouts,
});

/** The whole exchange ends before one of its parts may: one of the two is not meant. */
function checkTimeouts({
  exchange = 0,
  response = 0,
}: {
  readonly exchange?: number;
  readonly response?: number;
}): ConfigIssue[] {
  if (exchange === 0 || response <= exchange) return [];
  const message = "`exchange` is shorter than `response`, which therefore never takes effect";
  return [{ path: ["exchange"], message, severity: "warning" }];
}
