import type { Exchange } from "../pipeline/exchange.ts";
import type { GatewayError } from "../pipeline/errors.ts";
import {
  type Availability,
  availableOf,
  healthyOf,
  isAvailable,
  type WhenNoneHealthy,
} from "./available.ts";
import type { Backend } from "./backend.ts";
import type { BackendListener } from "./backend-state.ts";
import type { Balancer } from "./balancers/balancer.ts";
import { RoundRobin } from "./balancers/round-robin.ts";
import { Ejector } from "./ejection/ejector.ts";
import type { EjectionConfig } from "./ejection/schema.ts";
import type { HealthListener } from "./health/health.ts";
import type { UpstreamLoad } from "./limits/upstream-load.ts";
import {
  type Applicant,
  type Waiter,
  WaitingQueue,
  type WaitingSettings,
} from "./limits/waiting-queue.ts";
import { type AttemptObserver, observers } from "./observer.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { SlowStart, type SlowStartSettings } from "./slow-start.ts";
import type { Sticky } from "./sticky/sticky.ts";
import { allDrained, unavailable } from "./unavailable.ts";

/** What an upstream does about backends that fail, and about those that come back. */
export interface UpstreamSettings {
  /** Undefined if none are ejected. */
  readonly ejection?: EjectionConfig | undefined;
  readonly whenNoneHealthy?: WhenNoneHealthy | undefined;
  /** Undefined if backends get all of their weight at once. */
  readonly slowStart?: SlowStartSettings | undefined;
  /** Makes clients stay with their backends, by way of a balancer; undefined if they do not. */
  readonly sticky?: ((balancer: Balancer) => Sticky) | undefined;
  /** Undefined without limits besides those of backends. */
  readonly limits?: UpstreamLimits | undefined;
}

/** Limits on the requests at all backends together. */
export interface UpstreamLimits {
  readonly load: UpstreamLoad;
  /** Undefined without a limit. */
  readonly maxInFlight: number | undefined;
  /** For requests that wait for a place; undefined if none may. */
  readonly waiting: WaitingSettings | undefined;
}

/** The pool of backends that a route balances over. */
export class Upstream implements HealthListener, BackendListener {
  /** Gets every attempt's outcome; undefined if nobody wants it. */
  readonly observer: AttemptObserver | undefined;
  /** Keeps clients with their backends; undefined if nothing does. */
  readonly sticky: Sticky | undefined;
  /** Set when a route that sends requests again uses the upstream; it counts those of all routes. */
  retryBudget: RetryBudget | undefined = undefined;
  readonly #balancer: Balancer;
  readonly #whenNoneHealthy: WhenNoneHealthy;
  readonly #slowStart: SlowStart | undefined;
  readonly #limits: UpstreamLimits | undefined;
  readonly #queue: WaitingQueue | undefined;
  #backends: readonly Backend[] = [];
  /** The only backend: nothing to balance, and no health to listen to. */
  #only: Backend | undefined;
  /** As of the last rebuilding. */
  #available: Availability = { inUse: [], reserve: [] };
  // Rebuilding waits for the next pick, so that many changes at once cost one rebuild.
  #isStale = true;

  constructor(
    backends: readonly Backend[],
    balancer: Balancer = new RoundRobin(),
    { ejection, whenNoneHealthy = "fail", slowStart, sticky, limits }: UpstreamSettings = {},
  ) {
    this.sticky = sticky?.(balancer);
    this.#balancer = this.sticky ?? balancer;
    this.#whenNoneHealthy = whenNoneHealthy;
    this.observer = observers([
      observerOf(balancer),
      ejection === undefined ? undefined : new Ejector(ejection, this),
    ]);
    this.#slowStart =
      slowStart === undefined ? undefined : new SlowStart(slowStart, () => this.#rebuildSoon());
    this.#limits = limits;
    this.#queue = this.#queueOf(limits);
    this.change(backends);
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  /**
   * Balances over these from now on. Exchanges in flight keep the backend they have. `added`: those
   * that are new beside others, and have a slow start.
   */
  change(backends: readonly Backend[], added: readonly Backend[] = []): void {
    this.#ignoreStates();
    this.#backends = backends;
    this.#only = this.#onlyOf(backends);
    for (const backend of added) this.#slowStart?.begin(backend);
    if (this.#only === undefined) {
      for (const { health, drain, ejection, breaker } of backends) {
        health.addListener(this);
        drain.addListener(this);
        ejection?.addListener(this);
        breaker?.addListener(this);
      }
    }
    this.#stateChanged();
  }

  healthChanged(): void {
    this.#stateChanged();
  }

  backendChanged(): void {
    this.#stateChanged();
  }

  /** A backend that gets requests, none of `except`; undefined if there is none. */
  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const only = this.#only;
    if (only !== undefined) {
      const isOpen = only.health.healthy && !only.drain.isOn;
      return isOpen && except?.has(only) !== true ? only : undefined;
    }
    if (this.#isStale) this.#rebuild();
    return except === undefined || except.size === 0
      ? this.#balancer.pick(exchange)
      : (this.#balancer.pick(exchange, except) ?? this.#pickReserve(except));
  }

  /** Whether any backend gets requests, with room for one more or without. */
  get hasAvailable(): boolean {
    if (this.#only !== undefined) return this.#only.health.healthy && !this.#only.drain.isOn;
    if (this.#isStale) this.#rebuild();
    return this.#available.inUse.length > 0;
  }

  /** A backend that gets requests and has room for one more, none of `except`; undefined if there is none. */
  pickAvailable(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const picked = this.pick(exchange, except);
    if (picked?.isFull !== true) return picked;
    // All at once: when every backend is full, to pass over them one by one would cost O(n²).
    const passedOver = new Set(except);
    for (const backend of this.#backends) if (backend.isFull) passedOver.add(backend);
    return this.pick(exchange, passedOver);
  }

  /** Whether it is at max_in_flight itself, so that no further request may be sent to its backends. */
  get isFull(): boolean {
    const limits = this.#limits;
    return limits?.maxInFlight !== undefined && limits.load.inFlight >= limits.maxInFlight;
  }

  /** Requests that wait for a place. */
  get waiting(): number {
    return this.#queue?.length ?? 0;
  }

  /** Why there is none to pick, as the error to answer with. */
  unavailable(): GatewayError {
    const backends = this.#backends;
    if (backends.length > 0 && backends.every(({ drain }) => drain.isOn)) return allDrained();
    return unavailable(healthyOf(backends, this.#whenNoneHealthy), this.isFull);
  }

  /**
   * Waits for a place at a backend, where there is none now. Throws a GatewayError if requests do not
   * wait, or not for this.
   */
  wait(applicant: Applicant): Waiter {
    const reason = this.unavailable();
    if (this.#queue === undefined || reason.code !== "overloaded") throw reason;
    return this.#queue.join(applicant);
  }

  /**
   * Stops listening to the backends' states, which may outlive the upstream and would keep it alive.
   * Picks still answer, by what is known until now, and those who wait still get their places.
   */
  close(): void {
    this.#ignoreStates();
    this.#queue?.close();
  }

  #ignoreStates(): void {
    for (const { health, drain, ejection, breaker } of this.#backends) {
      health.removeListener(this);
      drain.removeListener(this);
      ejection?.removeListener(this);
      breaker?.removeListener(this);
    }
    this.#slowStart?.close();
  }

  #stateChanged(): void {
    this.#rebuildSoon();
    if (this.#slowStart !== undefined) {
      for (const backend of this.#backends) this.#slowStart.observe(backend, isAvailable(backend));
    }
    if (this.#queue !== undefined && this.#queue.length > 0) this.#reconsider(this.#queue);
  }

  /** Other backends may have places now, or none may have any for long. */
  #reconsider(queue: WaitingQueue): void {
    queue.serveAll();
    const reason = this.unavailable();
    if (reason.code !== "overloaded") queue.dismissAll(reason);
  }

  #queueOf(limits: UpstreamLimits | undefined): WaitingQueue | undefined {
    if (limits?.waiting === undefined) return undefined;
    const queue = new WaitingQueue(limits.waiting, ({ exchange, except }) =>
      this.isFull ? undefined : this.pickAvailable(exchange, except),
    );
    limits.load.add(queue);
    return queue;
  }

  #rebuildSoon(): void {
    this.#isStale = true;
  }

  #rebuild(): void {
    this.#isStale = false;
    this.#slowStart?.warm(this.#backends);
    this.#available = availableOf(this.#backends, this.#whenNoneHealthy);
    this.#balancer.balance(this.#available.inUse);
  }

  /**
   * A backup, for an exchange that no other backend can serve. Backends that are at max_in_flight can,
   * later: a backup is often small, or a page that says that the service is down.
   */
  #pickReserve(except: ReadonlySet<Backend>): Backend | undefined {
    const { inUse, reserve } = this.#available;
    if (reserve.length === 0 || inUse.some(isBusy)) return undefined;
    let picked: Backend | undefined;
    for (const backend of reserve) {
      if (except.has(backend) || backend.isFull) continue;
      if (picked === undefined || backend.inFlight < picked.inFlight) picked = backend;
    }
    return picked;
  }

  /** The only backend, if nothing but its health and its drain matter: it is never ejected. */
  #onlyOf([first, second]: readonly Backend[]): Backend | undefined {
    const isAlone = second === undefined && first?.breaker === undefined;
    const isSimple = this.#whenNoneHealthy === "fail" && this.sticky === undefined;
    return isAlone && isSimple && this.#queue === undefined ? first : undefined;
  }
}

/** Whether a backend is at max_in_flight, and not kept from requests by its circuit breaker. */
function isBusy({ isFull, breaker }: Backend): boolean {
  return isFull && breaker?.passes !== false;
}

function observerOf(balancer: Balancer): AttemptObserver | undefined {
  if (balancer.answered === undefined) return undefined;
  return {
    attempted: (backend, { milliseconds, failure }) =>
      balancer.answered?.(backend, milliseconds, failure !== undefined),
    outrun: (backend, milliseconds) => balancer.answered?.(backend, milliseconds, false),
  };
}
