import { describe, expect, test } from "bun:test";
import { errorsIn, loaded, warningsIn } from "./loading.ts";

const withKeys = (keys: string) => `routes:\n  - { path: /a, ${keys} }\n`;

describe("how backends are reached", () => {
  test("is HTTP/1.1, dialled directly within 5 seconds, unless the route says otherwise", () => {
    const [route] = loaded(withKeys("backends: [http://a]")).routes;
    expect(route).toMatchObject({ protocol: "http1", connect_timeout: 5_000 });
    expect(route).not.toHaveProperty("proxy");
  });

  test("is read from the route's keys", () => {
    const keys =
      "backends: [https://a], protocol: auto, proxy: http://egress:3128, connect_timeout: 250ms";
    expect(loaded(withKeys(keys)).routes[0]).toMatchObject({
      protocol: "auto",
      proxy: "http://egress:3128",
      connect_timeout: 250,
    });
  });

  test.each([
    ["backends: [http://a], protocol: h2c", "write `http2`"],
    ["backends: [http://a], protocol: grpc", "write `http2`"],
    ["backends: [http://a], protocol: quic", "write `http3`"],
    ["backends: [http://a], protocol: HTTP/1.1", "write `http1`"],
    ["backends: [http://a], protocol: spdy", "http1, http2, http3 or auto"],
    ["backends: [http://a], protocol: http3", "2:28: HTTP/3 is always encrypted"],
    [
      "backends: [https://a], protocol: http3, tls: { server_name: b }",
      "`server_name` cannot be used with HTTP/3",
    ],
    ["backends: [unix:/a.sock], protocol: http3", "2:28: HTTP/3 does not run over Unix sockets"],
    [
      "backends: [{url: unix:/a.sock}], proxy: http://e:1",
      "2:34: a Unix socket cannot be reached through a `proxy`",
    ],
    [
      "backends: [https://a], protocol: http3, proxy: http://e:1",
      "2:50: HTTP/3 cannot go through a `proxy`",
    ],
    ["backends: [https://a], proxy: egress:3128", "write `http://egress:3128`"],
    ["backends: [https://a], http2: true", "`protocol`"],
    ["backends: [{url: https://a, protocol: http2}]", "set for all backends of a route"],
  ])("%s is refused with the reason: %s", (keys, reason) => {
    expect(errorsIn(withKeys(keys)).join("\n")).toContain(reason);
  });

  test.each([
    ["backends: [http://a], protocol: http2, health_check: { grpc: true }"],
    ["backends: [https://a], protocol: auto, health_check: { grpc: shop.Orders }"],
    ["backends: [http://a], health_check: { grpc: false }"],
  ])("%s is valid", (keys) => {
    expect(errorsIn(withKeys(keys))).toEqual([]);
  });

  test.each([
    ["health_check: { grpc: true }", "2:61: gRPC's health service is asked by HTTP/2"],
    ["protocol: auto, health_check: { grpc: true }", "set `protocol: http2`"],
    ["protocol: http2, health_check: { grpc: a/b }", "the name of a gRPC service"],
  ])("backends: [http://a], %s is refused with the reason: %s", (keys, reason) => {
    expect(errorsIn(withKeys(`backends: [http://a], ${keys}`)).join("\n")).toContain(reason);
  });

  test("is checked for gRPC's health service on the top level too", () => {
    const text = `health_check: { grpc: true }\n${withKeys("backends: [http://a]")}`;
    expect(errorsIn(text).join("\n")).toContain("3:5: gRPC's health service");
  });

  test("warns of `auto` where no backend has TLS", () => {
    const message = "2:49: `auto` is HTTP/1.1 for backends without TLS";
    expect(warningsIn(withKeys("backends: [http://a], protocol: auto")).join()).toContain(message);
    expect(warningsIn(withKeys("backends: [http://a, https://a], protocol: auto"))).toEqual([]);
  });

  test("warns of TLS settings if every backend is a Unix socket", () => {
    const keys = "backends: [unix:/a.sock], tls: { server_name: a.test }";
    expect(warningsIn(withKeys(keys)).join("\n")).toContain("`tls` has no effect");
  });
});
