import { paths } from "./backend.ts";
import type { Entrant, Protocol } from "./contestant.ts";
import { driveHttp2 } from "./h2load.ts";
import { holdStreams } from "./streams.ts";
import type { Stage } from "./stage.ts";
import { connectAnew } from "./new-connections.ts";
import { echoMessages } from "./websocket.ts";
import { clientsInTurn, drive, type LoadResult, pathsInTurn } from "./wrk.ts";

/** A workload for all contestants, one after another. */
export interface Workload {
  readonly key: string;
  readonly title: string;
  /** What its throughput is counted in. */
  readonly unit: "requests" | "messages" | "MiB";
  /** Keys of the contestants, where it is not for all of them. */
  readonly among?: readonly string[];
  /** A contestant that does not speak this sits it out. */
  readonly needs?: Protocol;
  /** How to install the program that it is driven by; undefined when it is. */
  readonly missing?: string | undefined;
  run(stage: Stage, entrant: Entrant, seconds: number): Promise<LoadResult>;
}

/** Those of compression.ts. */
const COMPRESSING = [
  ...[1, 5].flatMap((level) => ["gateway", "nginx", "caddy"].map((who) => `${who}-gzip-${level}`)),
  ...["zstd", "br", "plain"].map((what) => `gateway-${what}`),
];

const POST = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", 1024)`;

export const workloads: readonly Workload[] = [
  ...[64, 512, 2048].map((connections) =>
    load({
      key: `get-${connections}`,
      title: `GET of 90 bytes of JSON, ${connections} connections`,
      connections,
      path: paths.small,
    }),
  ),
  load({ key: "post", title: "POST of 1 KiB, 64 connections", path: paths.post, script: POST }),
  load({
    key: "download-1m",
    title: "Downloads of 1 MiB, 16 connections",
    unit: "MiB",
    connections: 16,
    path: paths.megabyte,
  }),
  load({
    key: "download-100m",
    title: "Downloads of 100 MiB, 4 connections",
    unit: "MiB",
    connections: 4,
    path: paths.hundredMegabytes,
  }),
  {
    key: "streams",
    title: "GET of 90 bytes of JSON, 64 connections, beside 200 slow streams",
    unit: "requests",
    async run(stage, entrant, seconds) {
      const streams = await holdStreams(urlOf(entrant, paths.slowStream), 200);
      try {
        const result = await drive(stage, {
          url: urlOf(entrant, paths.small),
          connections: 64,
          seconds,
        });
        return { ...result, failures: result.failures + streams.broken };
      } finally {
        await streams.end();
      }
    },
  },
  {
    key: "websocket",
    title: "WebSocket messages of 64 bytes, echoed, 32 connections",
    unit: "messages",
    needs: "websocket",
    run: (_, { ports }, seconds) =>
      echoMessages(`ws://127.0.0.1:${ports.http}${paths.webSocket}`, 32, seconds),
  },
  {
    key: "tls",
    title: "GET of 90 bytes of JSON over TLS, 64 connections",
    unit: "requests",
    needs: "https",
    run: (stage, entrant, seconds) =>
      drive(stage, { url: secureUrlOf(entrant, paths.small), connections: 64, seconds }),
  },
  {
    key: "tls-handshakes",
    title: "A new TLS connection for each GET, not resumed, P-256, 16 at a time",
    unit: "requests",
    needs: "https",
    run: (_, entrant, seconds) =>
      connectAnew(entrant.ports.tls, paths.small, { atATime: 16, seconds }),
  },
  http2({
    key: "http2-tls",
    title: "GET of 90 bytes of JSON by HTTP/2 over TLS, 8 connections × 16 streams",
    needs: "h2",
    urlOf: (entrant) => secureUrlOf(entrant, paths.small),
  }),
  http2({
    key: "http2",
    title: "GET of 90 bytes of JSON by HTTP/2 with prior knowledge, 8 connections × 16 streams",
    needs: "h2c",
    urlOf: ({ ports }) => `http://127.0.0.1:${ports.http2}${paths.small}`,
  }),
  compression("compress-10k", "10 KB of JSON, compressed, 64 connections", paths.json10k, 64),
  compression("compress-1m", "1 MB of JSON, compressed, 16 connections", paths.json1m, 16),
  load({
    key: "routes",
    title: "10 and 10,000 routes, asked in turn",
    among: ["routes-10", "routes-10000"],
    path: paths.below,
    scriptFor: ({ contestant }) =>
      pathsInTurn(`${paths.below}r%d/x`, contestant.key === "routes-10" ? 10 : 10_000),
  }),
  load({
    key: "backends",
    title: "1 and 1,000 backends of a route",
    among: ["backends-1", "backends-1000"],
    path: paths.small,
  }),
  load({
    key: "clients",
    title: "1 and 100,000 clients, a bucket for each",
    among: ["clients-1", "clients-100000"],
    path: paths.small,
    scriptFor: ({ contestant }) =>
      clientsInTurn(paths.small, contestant.key === "clients-1" ? 1 : 100_000),
  }),
];

function compression(key: string, title: string, path: string, connections: number): Workload {
  return load({
    key,
    title,
    connections,
    path,
    among: COMPRESSING,
    script: 'wrk.headers["Accept-Encoding"] = "gzip, br, zstd"',
  });
}

function load(settings: {
  key: string;
  title: string;
  path: string;
  unit?: Workload["unit"];
  connections?: number;
  among?: readonly string[];
  script?: string;
  scriptFor?: (entrant: Entrant) => string;
}): Workload {
  const { key, title, path, unit = "requests", connections = 64, among } = settings;
  return {
    key,
    title,
    unit,
    ...(among === undefined ? {} : { among }),
    run: (stage, entrant, seconds) =>
      drive(stage, {
        url: urlOf(entrant, path),
        connections,
        seconds,
        script: settings.scriptFor?.(entrant) ?? settings.script ?? "",
      }),
  };
}

function http2({
  key,
  title,
  needs,
  urlOf,
}: Pick<Workload, "key" | "title" | "needs"> & {
  readonly urlOf: (entrant: Entrant) => string;
}): Workload {
  return {
    key,
    title,
    unit: "requests",
    ...(needs === undefined ? {} : { needs }),
    missing: Bun.which("h2load") === null ? "apt-get install nghttp2-client" : undefined,
    run: (stage, entrant, seconds) =>
      driveHttp2(stage, { url: urlOf(entrant), connections: 8, streams: 16, seconds }),
  };
}

function urlOf({ ports }: Entrant, path: string): string {
  return `http://127.0.0.1:${ports.http}${path}`;
}

function secureUrlOf({ ports }: Entrant, path: string): string {
  return `https://127.0.0.1:${ports.tls}${path}`;
}
