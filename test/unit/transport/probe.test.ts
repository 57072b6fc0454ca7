import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/time/clock.ts";
import { HealthMonitor } from "../../../src/upstream/health/monitor.ts";
import { networkProbe } from "../../../src/transport/probe.ts";
import { judgeFailure } from "../../../src/upstream/health/verdict.ts";
import { at } from "../upstream/checked-world.ts";
import { destination } from "./support.ts";

const page = (origin: string, path = "/") => ({
  to: destination(origin),
  path,
  grpcService: undefined,
});
const reasonOf = (error: unknown) =>
  judgeFailure(error, { ...page("http://a.test", "/health"), isPathChosen: true })?.reason;

describe("a probe through the network", () => {
  const seen: { method: string; agent: string | null; port: number | undefined }[] = [];
  const closed = Promise.withResolvers<void>();
  let backend: Bun.Server<undefined>;
  const never = new AbortController().signal;
  const probe = networkProbe(systemClock);
  const ask = (path: string, signal = never) => probe(page(backend.url.origin, path), signal);

  beforeAll(() => {
    backend = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, server) {
        seen.push({
          method: request.method,
          agent: request.headers.get("user-agent"),
          port: server.requestIP(request)?.port,
        });
        const { pathname } = new URL(request.url);
        if (pathname === "/hang") return new Promise<Response>(() => {});
        if (pathname === "/endless") {
          const body = new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
            cancel: () => closed.resolve(),
          });
          return new Response(body);
        }
        if (pathname === "/redirect") return Response.redirect("/elsewhere", 302);
        return new Response("status", { status: Number(pathname.slice(1)) });
      },
    });
  });
  afterAll(() => backend.stop(true));

  test.each([200, 204, 404, 503])("answers the backend's %d", async (status) => {
    expect(await ask(`/${status}`)).toEqual({ status, location: undefined });
  });

  test("says who is asking", async () => {
    await ask("/200");
    expect(seen.at(-1)).toMatchObject({ method: "GET", agent: "gateway-health-check" });
  });

  test("opens its own connection, so that it finds out whether it can", async () => {
    await ask("/200");
    await ask("/200");
    expect(seen.at(-1)?.port).not.toBe(seen.at(-2)?.port);
  });

  test("does not follow a redirect, and says where it leads", async () => {
    const before = seen.length;
    expect(await ask("/redirect")).toEqual({ status: 302, location: "/elsewhere" });
    expect(seen.length).toBe(before + 1);
  });

  test("does not read a body that never ends, and lets its connection go", async () => {
    expect(await ask("/endless")).toMatchObject({ status: 200 });
    await closed.promise;
  });

  test("rejects when it is ended before there is an answer", async () => {
    const ended = AbortSignal.timeout(50);
    const error: unknown = await ask("/hang", ended).catch((error: unknown) => error);
    expect(error).toMatchObject({ message: "the check was ended" });
    expect(ended.aborted).toBe(true);
  });

  test("reports backends that answer wrongly to the monitor", async () => {
    const reasons = new Map<string, string>();
    const allTold = Promise.withResolvers<void>();
    const monitor = new HealthMonitor({
      clock: systemClock,
      random: Math.random,
      probe,
      onChange: ({ url, message }) => {
        reasons.set(url, message);
        if (reasons.size === 3) allTold.resolve();
      },
      warn: () => {},
    });
    const acquire = (path: string) =>
      monitor.acquire(at(`${backend.url.origin}${path}`), {
        enabled: true,
        path,
        interval: 60_000,
        timeout: path === "/hang" ? 100 : 10_000,
        unhealthy_after: 1,
        healthy_after: 1,
      });
    const well = acquire("/204");
    for (const path of ["/503", "/redirect", "/hang"]) acquire(path);
    monitor.start();
    await allTold.promise;
    monitor.stop();
    const { origin } = backend.url;
    expect(reasons.get(`${origin}/503`)).toContain("answered 503");
    expect(reasons.get(`${origin}/redirect`)).toContain(
      'answered 302 with Location "/elsewhere"; redirects are not followed',
    );
    expect(reasons.get(`${origin}/hang`)).toContain("no answer within 100ms");
    expect(well).toMatchObject({ healthy: true, consecutiveFailures: 0 });
  });

  test("rejects when nobody listens, and the reason says so in words", async () => {
    const gone = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const { origin } = gone.url;
    await gone.stop(true);
    const error: unknown = await probe(page(origin), never).catch((error: unknown) => error);
    expect(reasonOf(error)).toBe("connection refused");
  });

  test("rejects when the connection closes without an answer, and the reason says so", async () => {
    const silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.end(), data: () => {} },
    });
    const url = `http://127.0.0.1:${silent.port}`;
    const error: unknown = await probe(page(url), never).catch((error: unknown) => error);
    silent.stop(true);
    expect(reasonOf(error)).toBe("the connection was closed before an answer");
  });
});
