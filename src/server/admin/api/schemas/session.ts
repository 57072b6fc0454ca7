import { Type } from "@sinclair/typebox";
import { nullable, time } from "./common.ts";

export const session = Type.Object({
  authenticated: Type.Boolean(),
  token_required: Type.Boolean({ description: "whether the gateway has an admin.token" }),
  csrf: nullable(
    Type.String({
      description: "to be sent as x-csrf-token with every write of a cookie's session",
    }),
  ),
  version: nullable(Type.String({ description: "null unless authenticated" })),
  started_at: nullable(time),
  main_port: nullable(Type.Integer({ description: "that clients talk to" })),
});

export const login = Type.Object(
  { token: Type.String({ maxLength: 4096 }) },
  { additionalProperties: false },
);

export const done = Type.Object({ done: Type.Literal(true) });
