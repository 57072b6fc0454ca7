import { Type } from "@sinclair/typebox";

/** A window of time. */
export const windowParameters = {
  since: Type.Optional(
    Type.String({ description: "a time, or how long ago", examples: ["15m"], maxLength: 64 }),
  ),
  until: Type.Optional(Type.String({ description: "a time, or how long ago", maxLength: 64 })),
} as const;

const filter = Type.Optional(Type.String({ maxLength: 2048 }));

/** The filters of rows, as of `gateway logs`. */
export const filterParameters = {
  ...windowParameters,
  status: filter,
  method: filter,
  host: filter,
  path: filter,
  route: filter,
  backend: filter,
  upstream: filter,
  client: filter,
  subject: filter,
  provider: filter,
  request_id: filter,
  trace_id: filter,
  duration: filter,
  error: filter,
  refused_by: filter,
  configuration: filter,
  model: filter,
} as const;
