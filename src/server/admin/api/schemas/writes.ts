import { Type } from "@sinclair/typebox";
import { nullable, time } from "./common.ts";

export const drain = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048 }),
    upstream: Type.Optional(Type.String({ maxLength: 255 })),
    route: Type.Optional(Type.String({ maxLength: 2048 })),
  },
  { additionalProperties: false },
);

export const drained = Type.Object({
  url: Type.String(),
  drained: Type.Boolean(),
  upstreams: Type.Array(Type.String()),
  in_flight: Type.Integer({ description: "requests that are still at the backend" }),
  others: Type.Integer({ description: "backends of these upstreams that are not drained" }),
});

export const logLevel = Type.Object(
  {
    level: Type.Union([
      Type.Literal("debug"),
      Type.Literal("info"),
      Type.Literal("warn"),
      Type.Literal("error"),
    ]),
    for: Type.Optional(
      Type.String({ description: "a duration after which it falls back", examples: ["10m"] }),
    ),
  },
  { additionalProperties: false },
);

export const logLevelSet = Type.Object({
  level: Type.String(),
  before: Type.String(),
  until: nullable(time),
});

export const nothing = Type.Object({}, { additionalProperties: false });

export const audit = Type.Object({
  entries: Type.Array(
    Type.Object({
      at: time,
      action: Type.String(),
      by: Type.String({ examples: ["token", "session", "local"] }),
      peer: Type.String(),
      details: Type.Record(Type.String(), Type.Unknown()),
      outcome: Type.String({ examples: ["done", "refused: there is no such backend"] }),
    }),
  ),
  next: nullable(Type.String()),
});
