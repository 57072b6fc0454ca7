import { Type } from "@sinclair/typebox";
import type { ReplayedAnswer } from "../../../../runtime/replay/answer.ts";
import type { Replay } from "../../../../runtime/replay/replay.ts";

export const replayAsked = Type.Object(
  {
    id: Type.Union([Type.Integer({ minimum: 1 }), Type.String({ minLength: 1, maxLength: 128 })]),
    to: Type.Optional(
      Type.String({
        maxLength: 2048,
        description: "where to send it in place of its backend: an http or https URL",
      }),
    ),
    confirm: Type.Optional(
      Type.Boolean({ description: "true for methods other than GET, HEAD and OPTIONS" }),
    ),
  },
  { additionalProperties: false },
);

/** Its members are those of `ReplayedAnswer`. */
const answer = Type.Unsafe<ReplayedAnswer>(
  Type.Object({
    status: Type.Integer({ description: "0 without an answer" }),
    error: Type.String(),
    message: Type.String(),
    duration_ms: Type.Number(),
    bytes: Type.Integer({ description: "-1 if the content was not read to its end" }),
    fields: Type.Union([Type.Array(Type.Array(Type.String())), Type.Null()]),
    content: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  }),
);

export const replayed = Type.Unsafe<Replay>(
  Type.Object({
    id: Type.Integer(),
    request: Type.Object({
      method: Type.String(),
      url: Type.String(),
      bytes: Type.Integer(),
      notes: Type.Array(Type.String()),
    }),
    logged: answer,
    replayed: answer,
    differences: Type.Object({
      status: Type.Boolean(),
      fields: Type.Array(Type.Object({}, { additionalProperties: true })),
      content: Type.Union([Type.Boolean(), Type.Null()]),
    }),
  }),
);
