import { describe, expect, test } from "bun:test";
import { tlsFor } from "../../../src/proxy/settings.ts";
import { settingsWith } from "./settings.ts";

describe("TLS to one backend", () => {
  test("is none for http", () => {
    const settings = settingsWith({ tls: { rejectUnauthorized: false } });
    expect(tlsFor("http://backend.test", settings)).toBeUndefined();
  });

  test.each([
    ["https://backend.test:8443", "backend.test"],
    ["https://192.0.2.7", ""],
    ["https://[2001:db8::1]:8443", ""],
  ])("to %s names %p to it", (origin, serverName) => {
    expect(tlsFor(origin, settingsWith())).toEqual({ serverName });
  });

  test("is as the route says, its server_name in place of the backend's own", () => {
    const tls = { serverName: "api.test", ca: "the ca" };
    expect(tlsFor("https://backend.test", settingsWith({ tls }))).toEqual(tls);
  });
});
