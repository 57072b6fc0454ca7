/**
 * The same as rows.ts, out of the packages that the gateway is made of: YAML is read, checked by a
 * schema, and served by an Elysia app. What this holds in memory is held before there is a gateway.
 */
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Elysia } from "elysia";
import { parse } from "yaml";
import { loggedRelay } from "./logged-relay.ts";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001", DATABASE = "stack.db" } = process.env;

const schema = Type.Object({ port: Type.Number(), backend: Type.String() });
const { port, backend } = Value.Parse(schema, parse(`{ port: ${PORT}, backend: "${BACKEND}" }`));
const relay = loggedRelay(backend, DATABASE);
const app = new Elysia().all("/*", ({ request }) => relay(request), { parse: "none" });

Bun.serve({
  port,
  hostname: "127.0.0.1",
  development: false,
  reusePort: false,
  idleTimeout: 0,
  fetch: app.fetch,
});
