import { createHash } from "node:crypto";
import {
  type SharedStore,
  type StoreReply,
  type StoreScript,
  StoreUnavailable,
} from "../pipeline/shared-store.ts";
import type { Clock } from "../time/clock.ts";
import { type Defer, EndOfTurn } from "../time/end-of-turn.ts";
import { IdleTimeout } from "../time/idle-timeout.ts";
import { type PendingTimeout, Timeout } from "../time/timeout.ts";
import type { OpenLink, StoreLink, StoreTarget } from "./link.ts";
import { noAnswer, Reach } from "./reach.ts";
import { reasonOf } from "./reasons.ts";
import { type ScriptCall, Scripts } from "./scripts.ts";

/** Calls that wait at a time, or that nobody waits for any more and the server has not answered. */
const MOST_CALLS = 10_000;
/** Characters of the longest key that is used as it is. */
const LONGEST_KEY = 128;
/** How long what is in flight may still use a store that no configuration names any more. */
const LINGER_MS = 60_000;

const CONSEQUENCES = {
  local: "each gateway counts for itself",
  allow: "nothing is counted",
  deny: "what would be counted is refused",
} as const;

export interface StoreSettings {
  readonly target: StoreTarget;
  /** How messages name it; without credentials. */
  readonly name: string;
  readonly onError: SharedStore["onError"];
  /** Milliseconds that a call may take; above 0. */
  readonly timeout: number;
  /** What all keys begin with. */
  readonly prefix: string;
}

export interface StoreServices {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log: (level: "info" | "warn", message: string) => void;
  readonly openLink: OpenLink;
  readonly defer?: Defer;
}

/** A Redis server, or one that speaks its protocol, that gateways share. */
export class RedisStore implements SharedStore {
  readonly onError: SharedStore["onError"];
  /** Calls that have ended, and those that were not made because it was away. */
  readonly counts = { answered: 0, failed: 0, away: 0 };
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #late: Error;
  readonly #scripts = new Scripts();
  readonly #timeouts: Timeout<Call>;
  /** Calls are sent at the end of the turn: Bun's client alone would write once for each socket read. */
  readonly #sending: EndOfTurn<Call>;
  /** Calls whose time is up, once what has come meanwhile has been read: we may have been the slow one. */
  readonly #expiring: EndOfTurn<Call>;
  readonly #reach: Reach;
  readonly #overload = new StoreUnavailable("too many calls of the shared store are unanswered");
  #link: StoreLink | undefined;
  #away: StoreUnavailable | undefined;
  /** While a connection is being opened. */
  #waiting: Call[] = [];
  #calls = 0;
  #isClosed = false;
  #lingering: IdleTimeout | undefined;

  constructor(settings: StoreSettings, services: StoreServices) {
    const { name, onError, prefix, target, timeout } = settings;
    const { clock, random, log, openLink, defer = setImmediate } = services;
    this.onError = onError;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#late = noAnswer(timeout);
    this.#timeouts = new Timeout(clock, timeout, (call) => this.#expiring.add(call));
    this.#sending = new EndOfTurn((call) => this.#send(call), defer);
    this.#expiring = new EndOfTurn((call) => this.#fail(call, this.#late), defer);
    this.#reach = new Reach(
      { name, timeout, consequence: CONSEQUENCES[onError] },
      {
        clock,
        random,
        defer,
        log: (level, message) => {
          if (!this.#isClosed) log(level, message);
        },
        open: (onClose) => openLink(target, onClose),
        probe: (link) => this.#scripts.run(link, probeOf(prefix)),
      },
      {
        ready: (link) => this.#resume(link),
        interrupted: () => (this.#link = undefined),
        away: (reason) => this.#giveUp(reason),
      },
    );
    this.#reach.open();
  }

  run(
    script: StoreScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<StoreReply> {
    if (this.#isClosed) this.#linger();
    if (this.#away !== undefined) {
      this.counts.away += 1;
      return Promise.reject(this.#away);
    }
    if (this.#calls >= MOST_CALLS) return Promise.reject(this.#overload);
    this.#calls += 1;
    return new Promise((resolve, reject) => {
      const names = keys.map((key) => this.#nameOf(key));
      this.#sending.add(new Call(script, names, parameters, resolve, reject));
    });
  }

  /** Whether it is not asked for now, because it does not answer. */
  get isAway(): boolean {
    return this.#away !== undefined;
  }

  /** No configuration names it any more. The connection closes when nothing in flight uses it. */
  close(): void {
    this.#isClosed = true;
    this.#linger();
  }

  #linger(): void {
    if (this.#lingering !== undefined) {
      this.#lingering.touch();
      return;
    }
    this.#reach.open();
    this.#lingering = new IdleTimeout(this.#clock, LINGER_MS, () => {
      this.#lingering = undefined;
      this.#link = undefined;
      this.#away = undefined;
      this.#reach.close();
    });
  }

  /** Clients can make keys of any length. */
  #nameOf(key: string): string {
    if (key.length <= LONGEST_KEY) return this.#prefix + key;
    return `${this.#prefix}sha256:${createHash("sha256").update(key).digest("base64url")}`;
  }

  #send(call: Call): void {
    const link = this.#link;
    if (call.isOver) {
      this.#calls -= 1;
    } else if (this.#away !== undefined) {
      this.#calls -= 1;
      this.#reject(call, this.#away);
    } else {
      // Not before: what else the turn did is not the store's fault.
      if (!call.timeout.running) call.timeout = this.#timeouts.begin(call);
      if (link === undefined) {
        this.#waiting.push(call);
        return;
      }
      call.link = link;
      void this.#ask(call, link);
    }
  }

  async #ask(call: Call, link: StoreLink): Promise<void> {
    try {
      const reply = await this.#scripts.run(link, call);
      this.#calls -= 1;
      // A late reply is nobody's: the request has gone on without it.
      if (call.isOver) return;
      this.counts.answered += 1;
      this.#settle(call);
      this.#reach.succeeded();
      call.resolve(reply);
    } catch (error) {
      this.#calls -= 1;
      this.#fail(call, error);
    }
  }

  #fail(call: Call, error: unknown): void {
    if (call.isOver) return;
    this.counts.failed += 1;
    this.#reject(
      call,
      new StoreUnavailable(`the shared store has failed: ${reasonOf(error)}`, { cause: error }),
    );
    this.#reach.failed(error, call.link);
  }

  #reject(call: Call, reason: StoreUnavailable): void {
    this.#settle(call);
    call.reject(reason);
  }

  #settle(call: Call): void {
    call.isOver = true;
    this.#timeouts.end(call.timeout);
  }

  #resume(link: StoreLink): void {
    this.#away = undefined;
    this.#link = link;
    for (const call of this.#waiting.splice(0)) this.#send(call);
  }

  /** What has been sent rejects as its connection closes. */
  #giveUp(reason: StoreUnavailable): void {
    this.#away = reason;
    this.#link = undefined;
    for (const call of this.#waiting.splice(0)) this.#send(call);
  }
}

class Call implements ScriptCall {
  readonly script: StoreScript;
  readonly keys: readonly string[];
  readonly parameters: readonly (string | number)[];
  readonly resolve: (reply: StoreReply) => void;
  readonly reject: (reason: StoreUnavailable) => void;
  isOver = false;
  timeout: PendingTimeout = { running: false };
  /** The connection that it was sent on. */
  link: StoreLink | undefined = undefined;

  constructor(
    script: StoreScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
    resolve: (reply: StoreReply) => void,
    reject: (reason: StoreUnavailable) => void,
  ) {
    this.script = script;
    this.keys = keys;
    this.parameters = parameters;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** Writes as limits do, so that a replica, or a server without memory or permission, does not pass. */
const PROBE: StoreScript = {
  name: "probe",
  gives: (reply) => reply === 1,
  source: `
redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000)
return 1`,
};

function probeOf(prefix: string): ScriptCall {
  return { script: PROBE, keys: [`${prefix}probe`], parameters: ["1"], isOver: false };
}
