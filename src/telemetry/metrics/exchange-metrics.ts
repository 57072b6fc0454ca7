import { withoutUserInfo } from "../../http/user-info.ts";
import type { AttemptRecord, Exchange } from "../../pipeline/exchange.ts";
import type { Meter } from "../telemetry.ts";
import { exchangeFamilies } from "./exchange-families.ts";
import { BackendSeries, Counter, RouteSeries } from "./route-series.ts";
import { OVERFLOW, SeriesLimit } from "./series-limit.ts";

/** Of requests without a route, and of the gateway's own pages. */
export const NO_ROUTE = "_NONE";

/** Methods by name in the label; all others are one. */
const METHODS = "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY CONNECT TRACE".split(" ");
const METHOD_INDEX: ReadonlyMap<string, number> = new Map(METHODS.map((name, at) => [name, at]));
/** More than any status. */
const STATUSES = 1_000;

/** Series of one family at most, for 10,000 routes and more. */
const MOST_SERIES = 50_000;
/** After this time a backend that no route has any more loses its series. */
const FORGET_BACKEND_MS = 600_000;

const SWITCHING_PROTOCOLS = 101;

/** Counts exchanges, by their routes. */
export class ExchangeMetrics implements Meter {
  readonly limits: Readonly<Record<LimitedFamily, SeriesLimit>>;
  readonly #routes = new Map<string, RouteSeries>();
  readonly #overflow = new RouteSeries(OVERFLOW);
  #last: RouteSeries = this.#overflow;
  #lastRoute: string | undefined = undefined;

  constructor(mostSeries = MOST_SERIES) {
    const limit = (name: LimitedFamily) => new SeriesLimit(exchangeFamilies[name].name, mostSeries);
    this.limits = {
      requests: limit("requests"),
      duration: limit("duration"),
      errors: limit("errors"),
      rejections: limit("rejections"),
      attempts: limit("attempts"),
      cache: limit("cache"),
    };
  }

  /** Every route that has series, and what stands for those that have none. */
  *routes(): Generator<RouteSeries> {
    yield* this.#routes.values();
    if (Object.values(this.limits).some(({ overflowed }) => overflowed > 0)) yield this.#overflow;
  }

  count(exchange: Exchange, now: number): void {
    const { status, trace } = exchange;
    const route = exchange.route === this.#lastRoute ? this.#last : this.#routeOf(exchange.route);
    if (route === this.#overflow) this.limits.duration.overflowed += 1;
    const seconds = (now - exchange.started) / 1000;
    const requests = this.#requestsOf(route, exchange.method, status);
    requests.value += 1;
    route.bytesIn += exchange.bytesIn;
    route.bytesOut += exchange.bytesOut;
    if (status !== SWITCHING_PROTOCOLS) {
      const bucket = route.duration.observe(seconds);
      if (trace?.isSampled === true) {
        const at = (exchange.startedAt + now - exchange.started) / 1000;
        route.duration.exemplify(bucket, { traceId: trace.traceId, value: seconds, at });
      }
    }
    if (exchange.headersAt !== 0) {
      route.firstByte.observe((exchange.headersAt - exchange.started) / 1000);
    }
    const { attempts, errorCode } = exchange;
    if (attempts.length > 0) this.#countAttempts(route, attempts);
    if (errorCode !== undefined) this.#countError(route, exchange, errorCode, now);
    if (exchange.cache !== "") {
      this.#labelled(route, "cache", exchange.cache, exchange.cache, "").value += 1;
    }
  }

  /** Forgets routes that are not in the configuration any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const [id, route] of this.#routes) {
      if (id === "" || ids.has(id)) continue;
      this.#routes.delete(id);
      this.limits.duration.release(1);
      this.limits.requests.release(route.requests.size);
      this.limits.errors.release(route.errors.size);
      this.limits.attempts.release(route.backends.size);
      this.limits.cache.release(route.cache.size);
      this.limits.rejections.release(route.rejections.size);
    }
    this.#lastRoute = undefined;
  }

  /**
   * Forgets backends that have been gone for some minutes, of all that discovery finds and loses. `now` is
   * in Unix epoch milliseconds.
   */
  keepBackends(isThere: (backend: string) => boolean, now: number): void {
    for (const route of this.#routes.values()) {
      for (const [url, series] of route.backends) {
        if (isThere(url)) series.missingSince = undefined;
        else if (now - (series.missingSince ??= now) >= FORGET_BACKEND_MS) {
          route.backends.delete(url);
          route.lastBackend = undefined;
          this.limits.attempts.release(1);
        }
      }
    }
  }

  #routeOf(id: string): RouteSeries {
    let route = this.#routes.get(id);
    if (route === undefined) {
      if (!this.limits.duration.take()) return this.#overflow;
      route = new RouteSeries(id === "" ? NO_ROUTE : id);
      this.#routes.set(id, route);
    }
    this.#last = route;
    this.#lastRoute = id;
    return route;
  }

  #requestsOf(route: RouteSeries, method: string, status: number): Counter {
    const key = (METHOD_INDEX.get(method) ?? METHODS.length) * STATUSES + status;
    if (key === route.lastKey) return route.lastRequests;
    const { requests } = route;
    let found = requests.get(key);
    if (found === undefined) {
      if (route !== this.#overflow && !this.#take("requests")) {
        return this.#requestsOf(this.#overflow, OVERFLOW, 0);
      }
      const values = [METHOD_INDEX.has(method) ? method : OVERFLOW, textOf(status)];
      // Of all routes that have found no room there is only this one.
      if (route === this.#overflow) values.fill(OVERFLOW);
      found = { values, counter: new Counter() };
      requests.set(key, found);
    }
    route.lastKey = key;
    route.lastRequests = found.counter;
    return found.counter;
  }

  #countAttempts(route: RouteSeries, attempts: readonly AttemptRecord[]): void {
    let before: AttemptRecord | undefined;
    for (const attempt of attempts) {
      const { backend, outcome, endedAt, startedAt } = attempt;
      const known = route.lastBackendUrl === backend ? route.lastBackend : undefined;
      const series = known ?? this.#backendOf(route, backend);
      series.count(outcome, attempt.status);
      if (endedAt > 0) series.duration.observe((endedAt - startedAt) / 1000);
      if (before !== undefined) {
        // A hedge begins while the attempt before goes on, a retry after it.
        if (before.endedAt === 0 || startedAt < before.endedAt) route.hedges += 1;
        else route.retries += 1;
      }
      before = attempt;
    }
  }

  #backendOf(route: RouteSeries, url: string): BackendSeries {
    const backend = withoutUserInfo(url);
    let series = route.backends.get(backend);
    if (series === undefined) {
      if (route === this.#overflow || !this.#take("attempts")) {
        const { backends } = this.#overflow;
        series = backends.get(OVERFLOW) ?? new BackendSeries(OVERFLOW);
        backends.set(OVERFLOW, series);
        return series;
      }
      series = new BackendSeries(backend);
      route.backends.set(backend, series);
    }
    route.lastBackend = series;
    route.lastBackendUrl = url;
    return series;
  }

  #countError(route: RouteSeries, exchange: Exchange, code: string, now: number): void {
    const counter = this.#labelled(route, "errors", code, code, exchange.endedBy ?? "");
    counter.value += 1;
    const { trace, refusedBy } = exchange;
    if (trace?.isSampled === true) {
      const at = (exchange.startedAt + now - exchange.started) / 1000;
      counter.exemplar = { traceId: trace.traceId, value: 1, at };
    }
    if (refusedBy === "") return;
    this.#labelled(route, "rejections", `${refusedBy} ${code}`, refusedBy, code).value += 1;
  }

  /** The counter of two values, under a key. What finds no room is counted for all routes together. */
  #labelled(
    route: RouteSeries,
    family: "errors" | "rejections" | "cache",
    key: string,
    one: string,
    other: string,
  ): Counter {
    const counters = route[family];
    const known = counters.get(key);
    if (known !== undefined) return known.counter;
    if (route !== this.#overflow && !this.#take(family)) {
      return this.#labelled(this.#overflow, family, key, one, other);
    }
    const made = { values: [one, other], counter: new Counter() };
    counters.set(key, made);
    return made.counter;
  }

  #take(family: LimitedFamily): boolean {
    const limit = this.limits[family];
    if (limit.take()) return true;
    limit.overflowed += 1;
    return false;
  }
}

type LimitedFamily = "requests" | "duration" | "errors" | "rejections" | "attempts" | "cache";

function textOf(status: number): string {
  return status > 0 && status < STATUSES ? `${status}` : OVERFLOW;
}
