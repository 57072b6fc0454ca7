import { Type } from "@sinclair/typebox";
import { milliseconds, nullable, sums, time } from "./common.ts";

export const overview = Type.Object({
  from: time,
  to: time,
  step_seconds: Type.Integer(),
  totals: Type.Object(sums),
  series: Type.Array(
    Type.Object({
      at: time,
      requests: Type.Integer(),
      errors: Type.Integer(),
      p50_ms: milliseconds,
      p90_ms: milliseconds,
      p99_ms: milliseconds,
      bytes_in: Type.Integer(),
      bytes_out: Type.Integer(),
    }),
  ),
  classes: Type.Array(
    Type.Object({ class: Type.String({ examples: ["2xx"] }), requests: Type.Integer() }),
  ),
});

export const stats = Type.Object({
  from: time,
  to: time,
  by: Type.String(),
  step_seconds: Type.Integer(),
  groups: Type.Array(
    Type.Object({
      value: Type.String(),
      ...sums,
      tokens_in: Type.Integer(),
      tokens_out: Type.Integer(),
      series: Type.Array(Type.Integer({ description: "requests, evenly spaced over the window" })),
    }),
  ),
});

export const exchanges = Type.Object({
  rows: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: "columns of the log by their names, newest first",
  }),
  next: nullable(Type.String({ description: "the cursor of the next page; null at the end" })),
  searched_to: nullable(time),
  complete: Type.Boolean({ description: "false if the time was up before the page was full" }),
});

export const exchange = Type.Object({
  row: Type.Record(Type.String(), Type.Unknown()),
  curl: Type.String({ description: "a command that sends the request again" }),
});

export const refusals = Type.Object({
  refusals: Type.Array(
    Type.Object({
      refused_by: Type.String(),
      error_code: Type.String(),
      client: Type.String(),
      subject: Type.String(),
      route: Type.String(),
      requests: Type.Integer(),
      last_at: time,
    }),
  ),
});
