import { describe, expect, test } from "bun:test";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";

function backend(url: string, maxInFlight?: number): Backend {
  const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
  return new Backend({ address: readBackendAddress(url), weight: 1, health, maxInFlight });
}

describe("a backend", () => {
  test.each([
    ["http://a.test:80/v1/", "http://a.test", "/v1"],
    ["https://a.test", "https://a.test", ""],
    ["HTTPS://[::1]:9001", "https://[::1]:9001", ""],
  ])("at %s is asked at %s below %p", (url, origin, basePath) => {
    expect(backend(url)).toMatchObject({ url, origin, basePath });
  });

  test.each(["unix:/run/app.sock", "unix:///run/app.sock"])(
    "at %s is reached at that path, as localhost, without a base path",
    (url) => {
      expect(backend(url)).toMatchObject({
        url,
        basePath: "",
        to: { origin: "http://localhost", socketPath: "/run/app.sock", tls: undefined },
      });
    },
  );

  test("is full when it has as many requests as it may have", () => {
    const limited = backend("http://a.test", 2);
    expect(limited.isFull).toBe(false);
    limited.inFlight = 1;
    expect(limited.isFull).toBe(false);
    limited.inFlight = 2;
    expect(limited.isFull).toBe(true);
  });

  test("is never full without a limit", () => {
    const unlimited = backend("http://a.test");
    unlimited.inFlight = 1e9;
    expect(unlimited.isFull).toBe(false);
  });
});
