import { stringify } from "yaml";
import type { Contestant, Place, Protocol } from "./contestant.ts";

export type Section = Readonly<Record<string, unknown>>;
type Routes = readonly Section[];

/** A configuration of the gateway. */
export interface Variant {
  readonly key: string;
  readonly name: string;
  /** The executable. */
  readonly path: string;
  readonly general?: boolean;
  readonly speaks?: readonly Protocol[];
  readonly settings?: ((backend: string) => Section) | undefined;
  readonly routes?: (backend: string) => Routes;
}

/** The gateway in one configuration or another. */
export function gateway({
  key,
  name,
  path,
  general = true,
  speaks = ["websocket"],
  settings,
  routes,
}: Variant): Contestant {
  return {
    key,
    name,
    general,
    speaks,
    async prepare({ stage, ports, certificate, backend }: Place) {
      const url = `http://127.0.0.1:${backend.port}`;
      const own = settings?.(url);
      const config = await stage.write(
        `${key}.yaml`,
        stringify({
          server: {
            host: "127.0.0.1",
            port: ports.http,
            ...(speaks.includes("https")
              ? { tls: { port: ports.tls, certificates: [certificate] } }
              : {}),
            ...section(own, "server"),
          },
          logging: { database: databaseOf(stage.folder, key), ...section(own, "logging") },
          ...DEFAULTS,
          ...without(own, ["server", "logging"]),
          routes: (routes ?? everything)(url),
        }),
      );
      return { command: [path, "serve", "--config", config] };
    },
  };
}

export function databaseOf(folder: string, key: string): string {
  return `${folder}/${key}.db`;
}

/** The gateway's features that stand in its first example; the limit is never reached. */
const DEFAULTS: Section = {
  rate_limiting: { enabled: true, requests_per_second: 1_000_000, burst: 1_000_000 },
  cors: {
    enabled: true,
    allowed_origins: ["*"],
    allowed_methods: ["GET", "POST", "PUT", "DELETE"],
  },
  health_check: { path: "/health", interval: "10s", timeout: "3s" },
};

const everything = (url: string): Routes => [{ path: "/*", backends: [{ url }] }];

/** All that can be configured and does something to a request. */
const ALL_ON: Section = {
  server: { trusted_proxies: ["10.0.0.0/8", "2001:db8::/32"] },
  logging: { format: "json" },
  rate_limiting: {
    enabled: true,
    requests_per_second: 1_000_000,
    burst: 1_000_000,
    key: "client_ip",
  },
  cors: {
    enabled: true,
    allowed_origins: ["https://app.example.com", "https://*.example.com"],
    exposed_headers: ["X-Request-Id"],
    allow_credentials: true,
    max_age: "10m",
  },
};

const allOnRoute = (url: string): Routes => [
  {
    path: "/*",
    methods: ["GET", "POST"],
    rate_limit: { requests_per_second: 1_000_000, burst: 1_000_000 },
    health_check: { path: "/health", interval: "2s" },
    preserve_host: false,
    backends: [
      { url, weight: 2 },
      { url: `${url}/`, weight: 1 },
    ],
  },
];

export function gatewayContestants(
  path: string,
  builds: readonly { readonly name: string; readonly path: string }[],
): Contestant[] {
  return [
    secureGateway(path, "gateway"),
    gateway({
      key: "gateway-all",
      name: "this gateway, everything on",
      path,
      speaks: EVERYTHING,
      settings: () => ALL_ON,
      routes: allOnRoute,
    }),
    ...builds.map(({ name, path }) =>
      gateway({ key: name, name, path, speaks: isWithTls(path) ? EVERYTHING : ["websocket"] }),
    ),
  ];
}

/** The gateway with its defaults, further keys of its route, and its own database under that key. */
export function gatewayWithRoute(
  path: string,
  key: string,
  name: string,
  route: Section,
): Contestant {
  const routes = (url: string) => [{ path: "/*", backends: [{ url }], ...route }];
  return gateway({ key, name, path, general: false, speaks: [], routes });
}

/** The gateway with its defaults, and its own database under that key. */
export function plainGateway(path: string, key: string): Contestant {
  return gateway(plain(path, key));
}

/** The same, which accepts TLS and HTTP/2 as well. */
export function secureGateway(path: string, key: string): Contestant {
  return gateway({ ...plain(path, key), speaks: EVERYTHING });
}

function plain(path: string, key: string): Variant {
  return { key, name: "this gateway, default features", path };
}

const EVERYTHING: readonly Protocol[] = ["websocket", "https", "h2", "h2c"];

/** Whether a build has a listener of its own, and with it TLS and HTTP/2. */
function isWithTls(path: string): boolean {
  const config = stringify({ server: { http2: true }, routes: everything("http://127.0.0.1:1") });
  return Bun.spawnSync([path, "check", "-"], { stdin: Buffer.from(config) }).exitCode === 0;
}

/** Large gateways, each with a small one to compare. */
export function grownGateways(path: string): Contestant[] {
  const grown = (key: string, name: string, variant: Partial<Variant>) =>
    gateway({ key, name, path, general: false, ...variant });
  const behindProxy: Section = {
    server: { trusted_proxies: ["127.0.0.1"] },
    rate_limiting: { requests_per_second: 1_000_000, burst: 1_000_000, key: "client_ip" },
  };
  return [
    grown("routes-10", "10 routes", { routes: manyRoutes(10) }),
    grown("routes-10000", "10,000 routes", { routes: manyRoutes(10_000) }),
    grown("backends-1", "1 backend", { routes: manyBackends(1) }),
    grown("backends-1000", "1,000 backends", { routes: manyBackends(1000) }),
    grown("clients-1", "1 client", { settings: () => behindProxy }),
    grown("clients-100000", "100,000 clients", { settings: () => behindProxy }),
  ];
}

const manyRoutes = (count: number) => (url: string) =>
  Array.from({ length: count }, (_, index) => ({
    path: `/echo/r${index + 1}/*`,
    backends: [{ url }],
  }));

// Backends at one address, so that it is their number that is measured and not that of connections.
const manyBackends = (count: number) => (url: string) => [
  {
    path: "/*",
    backends: Array.from({ length: count }, (_, index) => `${url}/echo/b${index}`),
  },
];

function section(settings: Section | undefined, name: string): object {
  const value = settings?.[name];
  return typeof value === "object" && value !== null ? value : {};
}

function without(settings: Section | undefined, names: readonly string[]): Section {
  return Object.fromEntries(
    Object.entries(settings ?? {}).filter(([name]) => !names.includes(name)),
  );
}
