import { Hono } from "hono";
import { proxy } from "hono/proxy";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001" } = process.env;

const app = new Hono();
app.all("/*", ({ req }) =>
  proxy(BACKEND + req.url.slice(req.url.indexOf("/", "http://".length)), req.raw),
);

Bun.serve({
  port: Number(PORT),
  hostname: "127.0.0.1",
  development: false,
  idleTimeout: 0,
  fetch: app.fetch,
});
