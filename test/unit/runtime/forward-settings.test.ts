import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { forwardSettings } from "../../../src/runtime/snapshot/forward-settings.ts";
import { hasOpenssl, makeAuthority } from "../../support/certificates.ts";
import { createStage } from "../../support/stage.ts";
import { configFrom } from "./world.ts";

const stage = createStage();

/** The settings of a route with these lines, below a server with those. */
function settingsOf(route: string, server = "") {
  const config = configFrom(`server: { ${server} }\nroutes: [{ path: /a, ${route} }]`);
  return forwardSettings(config.routes[0]!, config.server);
}

const http = `backends: ["http://backend.test"]`;

describe("a route's settings", () => {
  test("are the server's, where the route says nothing", () => {
    expect(settingsOf(http)).toEqual({
      preserveHost: true,
      preservePath: false,
      encodedSlashes: "keep",
      sendForwarded: false,
      maxBodySize: 100_000_000,
      maxMessageSize: 16_777_216,
      upgrades: undefined,
      tls: undefined,
      timeouts: { request: 30_000, response: 30_000, idle: 300_000, exchange: 0 },
      retry: undefined,
      hedge: undefined,
    });
    const server =
      "read_timeout: 1s, write_timeout: 2s, idle_timeout: 3s, exchange_timeout: 4s, " +
      "max_body_size: 5, max_message_size: 9, send_forwarded: true";
    expect(settingsOf(http, server)).toEqual({
      preserveHost: true,
      preservePath: false,
      encodedSlashes: "keep",
      sendForwarded: true,
      maxBodySize: 5,
      maxMessageSize: 9,
      upgrades: undefined,
      tls: undefined,
      timeouts: { request: 1_000, response: 2_000, idle: 3_000, exchange: 4_000 },
      retry: undefined,
      hedge: undefined,
    });
  });

  test("are the route's own, where it has them", () => {
    const route =
      "preserve_host: false, preserve_path: true, max_body_size: 7, upgrades: [WebSocket, a/1], " +
      "timeouts: { request: 5s, response: 6s, idle: 0, exchange: 8s }";
    expect(settingsOf(`${http}, ${route}`, "idle_timeout: 3s")).toMatchObject({
      preserveHost: false,
      preservePath: true,
      maxBodySize: 7,
      upgrades: new Set(["websocket", "a/1"]),
      timeouts: { request: 5_000, response: 6_000, idle: 0, exchange: 8_000 },
    });
  });

  test("say when requests are sent again, and when a second attempt begins", () => {
    expect(settingsOf(http)).toMatchObject({ retry: undefined, hedge: undefined });
    expect(settingsOf(`${http}, retry: 1`).retry).toBeUndefined();
    const { retry, hedge } = settingsOf(
      `${http}, retry: { on: [reset, 5xx, 429], budget: 5% }, hedge: 200ms`,
    );
    expect(retry?.failures).toEqual(new Set(["reset"]));
    expect(retry?.statuses.size).toBe(101);
    expect([429, 500, 599, 404].map((status) => retry?.statuses.has(status))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(hedge).toEqual({ after: 200, budget: 0.05 });
    expect(settingsOf(`${http}, hedge: 200ms`).hedge).toEqual({ after: 200, budget: 0.2 });
  });

  test.each([
    ["retry: 3", 30_000],
    ["retry: { attempt_timeout: 2s }", 2_000],
    ["retry: { attempt_timeout: 2s }, timeouts: { response: 1s }", 1_000],
    ["retry: { attempt_timeout: 2s }, timeouts: { response: 0 }", 2_000],
    ["timeouts: { response: 0 }", 0],
  ])("with %s give each attempt %d ms", (keys, milliseconds) => {
    expect(settingsOf(`${http}, ${keys}`).timeouts.response).toBe(milliseconds);
  });

  test("may be the route's own in part", () => {
    expect(settingsOf(`${http}, timeouts: { idle: 9s }`, "read_timeout: 1s").timeouts).toEqual({
      request: 1_000,
      response: 30_000,
      idle: 9_000,
      exchange: 0,
    });
  });
});

describe.if(hasOpenssl)("TLS to a route's backends", () => {
  const https = `backends: ["https://backend.test"]`;
  const tlsOf = (tls: string) => settingsOf(`${https}, tls: { ${tls} }`).tls;

  test("is the runtime's own where nothing is said of it", () => {
    expect(settingsOf(https).tls).toBeUndefined();
    expect(tlsOf("")).toEqual({});
  });

  test("checks the certificate for the name that is configured", () => {
    expect(tlsOf("server_name: api.test")).toEqual({ serverName: "api.test" });
  });

  test("is checked unless that is switched off", () => {
    expect(tlsOf("insecure_skip_verify: true")).toEqual({ rejectUnauthorized: false });
    expect(tlsOf("insecure_skip_verify: false")).toEqual({});
  });

  test("has the certificates and the key of the files that are named", async () => {
    const folder = stage.folder();
    await makeAuthority(folder, "ours");
    const [certificate, key] = [join(folder, "ours.pem"), join(folder, "ours.key")];
    expect(tlsOf(`ca: "${certificate}", certificate: "${certificate}", key: "${key}"`)).toEqual({
      ca: readFileSync(certificate),
      cert: readFileSync(certificate),
      key: readFileSync(key),
    });
  });

  test("cannot be settled when a file has gone since it was checked", async () => {
    const folder = stage.folder();
    await makeAuthority(folder, "ca");
    const file = join(folder, "ca.pem");
    const config = configFrom(`routes: [{ path: /a, ${https}, tls: { ca: "${file}" } }]`);
    rmSync(file);
    expect(() => forwardSettings(config.routes[0]!, config.server)).toThrow(file);
  });
});
