/**
 * The floor with one thing more: a row of the gateway's access log for each request. What this costs
 * above the floor no gateway can do without that keeps such a log on the same core.
 */
import { loggedRelay } from "./logged-relay.ts";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001", DATABASE = "rows.db" } = process.env;

Bun.serve({
  port: Number(PORT),
  hostname: "127.0.0.1",
  development: false,
  reusePort: false,
  idleTimeout: 0,
  fetch: loggedRelay(BACKEND, DATABASE),
});
