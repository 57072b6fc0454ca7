import { type Static, Type } from "@sinclair/typebox";
import { milliseconds, nullable, sums, time } from "./common.ts";

const { requests, error_rate, p50_ms, p99_ms } = sums;

export const routes = Type.Object({
  routes: Type.Array(
    Type.Object({
      id: Type.String(),
      path: Type.String(),
      hosts: Type.Array(Type.String()),
      methods: Type.Array(Type.String({ description: "none: every method" })),
      ends_in: Type.String({ examples: ["upstream", "split", "redirect", "respond"] }),
      upstreams: Type.Array(Type.String()),
      policies: Type.Array(
        Type.Object({
          name: Type.String(),
          file: nullable(Type.String()),
          line: nullable(Type.Integer()),
        }),
      ),
      file: nullable(Type.String()),
      line: nullable(Type.Integer()),
      requests,
      error_rate,
      p50_ms,
      p99_ms,
      last_used_at: nullable(time),
      dead: Type.Boolean({
        description: "never used since it is there, as far as the log goes back",
      }),
    }),
  ),
});

export const backendState = Type.Object({
  route: Type.String(),
  upstream: Type.String(),
  url: Type.String(),
  healthy: Type.Boolean(),
  drained: Type.Boolean({ description: "an operator keeps new requests from it" }),
  weight: Type.Integer(),
  share: Type.Number({
    description: "its part of the upstream's requests at the time, from 0 to 1",
  }),
  in_flight: Type.Integer(),
  ejected_until: nullable(time),
  circuit_breaker: nullable(Type.String({ examples: ["closed", "open", "half_open"] })),
  last_checked_at: nullable(time),
  last_error: nullable(Type.String()),
});
export type BackendState = Static<typeof backendState>;

export const backends = Type.Object({
  backends: Type.Array(
    Type.Composite([
      backendState,
      Type.Object({
        requests,
        error_rate,
        p50_ms: milliseconds,
        p99_ms: milliseconds,
        last_used_at: nullable(time),
      }),
    ]),
  ),
});

export const limits = Type.Object({
  limits: Type.Array(
    Type.Object({
      route: Type.String(),
      policy: Type.String({ examples: ["rate_limit", "quota"] }),
      key: Type.String(),
      used: Type.Number(),
      limit: Type.Number(),
      left_ratio: Type.Number({ description: "what is left of the limit, from 0 to 1" }),
      resets_at: nullable(time),
    }),
  ),
});
export type Limits = Static<typeof limits>;

export const certificates = Type.Object({
  certificates: Type.Array(
    Type.Object({
      names: Type.Array(Type.String()),
      issuer: Type.String(),
      not_after: time,
      days_left: Type.Integer(),
      source: Type.String({ examples: ["file", "acme"] }),
    }),
  ),
});
