import { type TSchema, Type } from "@sinclair/typebox";

/** A time, as ISO 8601 in UTC. */
export const time = Type.String({
  description: "ISO 8601, UTC",
  examples: ["2026-11-26T09:30:00.000Z"],
});

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** Milliseconds; null if there were no requests. */
export const milliseconds = nullable(Type.Number({ description: "milliseconds" }));

/** The numbers that requests of any group have. */
export const sums = {
  requests: Type.Integer(),
  errors: Type.Integer({
    description: "requests that ended with a status of 500 or above, or broke off",
  }),
  error_rate: Type.Number({ description: "from 0 to 1" }),
  p50_ms: milliseconds,
  p90_ms: milliseconds,
  p99_ms: milliseconds,
  bytes_in: Type.Integer(),
  bytes_out: Type.Integer(),
} as const;

/** Errors of all endpoints (RFC 9457). */
export const problem = Type.Object({
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
});
