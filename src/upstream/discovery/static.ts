import { Type } from "@sinclair/typebox";
import { backendSchema } from "../backend-schema.ts";
import { defineSource } from "./source.ts";

/** The list in the configuration, under `backends`. It never changes while an upstream lives. */
export const staticList = defineSource({
  key: "static",
  schema: Type.Array(backendSchema),
  example: ["http://localhost:9001", { url: "http://localhost:9002", weight: 2 }],
  create: (backends) => ({
    open: (report) => report(backends),
    close() {},
  }),
});
