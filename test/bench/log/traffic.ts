import type { ErrorCode } from "../../../src/pipeline/errors.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { exchangeRecord } from "../../support/exchange-record.ts";

export interface TrafficOptions {
  readonly rows: number;
  /** The days over which the rows are spread, up to `end`. */
  readonly days: number;
  /** Epoch milliseconds of the newest row. */
  readonly end: number;
}

/** A value that so few rows have, in the first tenth of the log, for searches that have to go far. */
export const RARE = {
  route: "rare-route",
  host: "rare.example.com",
  backend: "http://10.9.9.9:80",
  upstream: "rare-upstream",
  clientIp: "203.0.113.7",
  subject: "rare-subject",
  provider: "rare-provider",
  model: "rare-model",
  refusedBy: "rare_policy",
  path: "/rare/place/7",
  statusCode: 418,
  errorCode: "invalid_host",
  configuration: "rare-configuration",
  method: "REPORT",
  latencyMs: 50_000,
} as const satisfies Partial<ExchangeRecord>;
export const RARE_ROWS = 12;

const METHODS = ["GET", "GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"];
const HOSTS = ["api.example.com", "www.example.com", "app.example.com", "a.example.com:8443"];
const AGENTS = Array.from({ length: 60 }, (_, at) => `Mozilla/5.0 (X11; Linux) Agent/${at}.0`);

/** Rows like those of a gateway with 20 routes, the oldest first; the same each time. */
export function* traffic({ rows, days, end }: TrafficOptions): Generator<ExchangeRecord, void> {
  const random = randomNumbers(20_261_126);
  const upTo = (limit: number) => Math.floor(random() * limit);
  /** Small numbers come far more often than large ones. */
  const skewed = (limit: number) => Math.floor(limit * random() ** 4);
  const start = end - days * 86_400_000;
  const step = (end - start) / rows;
  const rareEvery = Math.max(1, Math.floor(rows / 10 / RARE_ROWS));
  for (let row = 0; row < rows; row += 1) {
    const route = skewed(20);
    const isModel = route === 13;
    const failure = random();
    const statusCode = statusOf(failure, random());
    const isRefused = statusCode === 401 || statusCode === 429;
    const who = skewed(20_000);
    const latencyMs = Math.round(Math.exp(1.5 + 2.2 * gaussian(random)) * 1000) / 1000;
    const rare = row % rareEvery === 5 && row < rareEvery * RARE_ROWS ? RARE : {};
    yield exchangeRecord({
      level: statusCode >= 500 ? "error" : statusCode >= 400 ? "warn" : "info",
      timestamp: Math.round(start + row * step - latencyMs),
      method: METHODS[upTo(METHODS.length)] ?? "GET",
      path: pathOf(route, row, skewed(200_000)),
      statusCode,
      latencyMs,
      ttfbMs: latencyMs * 0.9,
      clientIp: `10.${who % 7}.${(who >> 8) & 255}.${who & 255}`,
      userAgent: AGENTS[skewed(60)] ?? "",
      backend: isRefused ? "" : `http://10.1.0.${1 + (route % 3) * 4 + upTo(4)}:8080`,
      route: `/api/r${route}/*`,
      upstream: isRefused ? "" : `upstream-${route % 3}`,
      requestId: hex(random, 32),
      traceId: random() < 0.5 ? hex(random, 32) : "",
      bytesIn: upTo(500),
      bytesOut: skewed(20_000),
      attempts: isRefused ? 0 : 1,
      errorCode: errorOf(statusCode),
      endedBy: statusCode >= 500 ? "backend" : statusCode >= 400 ? "client" : "",
      host: HOSTS[skewed(HOSTS.length)] ?? "",
      query: route % 4 === 0 ? `?page=${upTo(20)}` : "",
      subject: who % 5 < 3 ? `user-${who}` : "",
      provider: who % 5 < 3 ? (who % 2 === 0 ? "corp" : "partners") : "",
      refusedBy: statusCode === 429 ? "rate_limit" : statusCode === 401 ? "auth" : "",
      configuration: `${100 + Math.floor((row / rows) * 40)}`,
      model: isModel ? `model-${upTo(3)}` : "",
      tokensIn: isModel ? upTo(4000) : -1,
      tokensOut: isModel ? upTo(1000) : -1,
      ...rare,
    });
  }
}

function pathOf(route: number, row: number, id: number): string {
  switch (route % 4) {
    case 0:
      return `/api/r${route}/users/${id}`;
    case 1:
      return `/api/r${route}/orders/${1_000_000 + row}/items`;
    case 2:
      return `/static/assets/file-${id % 500}.js`;
    default:
      return `/api/r${route}/search`;
  }
}

function statusOf(failure: number, kind: number): number {
  if (failure < 0.93) return kind < 0.95 ? 200 : 304;
  if (failure < 0.97) return 404;
  if (failure < 0.99) return kind < 0.5 ? 401 : 429;
  if (failure < 0.998) return 201;
  return kind < 0.5 ? 502 : kind < 0.9 ? 503 : 504;
}

function errorOf(status: number): ErrorCode | "" {
  switch (status) {
    case 401:
      return "unauthorized";
    case 429:
      return "rate_limited";
    case 502:
      return "backend_connection_closed";
    case 503:
      return "no_healthy_backend";
    case 504:
      return "backend_timeout";
    default:
      return "";
  }
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function hex(random: () => number, digits: number): string {
  let text = "";
  while (text.length < digits) {
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  return text;
}

/** Numbers from 0 to 1 that look random (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
