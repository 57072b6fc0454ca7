import type { Field } from "../http/field.ts";
import type { ClientIdentity } from "../http/forwarded.ts";
import { RequestFields } from "../http/request-fields.ts";
import type { RequestTarget } from "../http/target.ts";
import { Answer } from "./answer.ts";
import type { Claims } from "./claims.ts";
import type { Cancellation } from "./cancellation.ts";
import type { ClientConnection, ClientRequest } from "./client-request.ts";
import type { Delivery } from "./delivery.ts";
import type { AttemptOutcome } from "./attempt-outcome.ts";
import type { Decisions } from "./decisions/decisions.ts";
import { Notes } from "./decisions/notes.ts";
import { type ErrorCode, errorKinds, type ErrorSource, type GatewayError } from "./errors.ts";
import { Outgoing } from "./outgoing.ts";
import { type OutgoingRules, VIA } from "./outgoing-fields.ts";
import { type Redaction, USUAL_REDACTION } from "./redaction.ts";
import type { TraceContext } from "./trace.ts";

/** The record of one attempt. Times are monotonic milliseconds. */
export interface AttemptRecord {
  /** The backend's URL in the configuration. */
  readonly backend: string;
  readonly startedAt: number;
  /** When the answer's header section arrived or the attempt failed; 0 until then. */
  readonly endedAt: number;
  /** Why it failed; undefined while it is in progress and when it was answered. */
  readonly failure: Error | undefined;
  readonly outcome: AttemptOutcome;
  /** Of the answer; 0 without one. */
  readonly status: number;
  /** Path and query at the backend. */
  readonly target?: string | undefined;
  /** The id of its span; undefined if its exchange is not traced. */
  readonly spanId?: string | undefined;
}

/** Who sent a request, once a provider of credentials has vouched for it. */
export interface Identity {
  /** The provider's name in the configuration. */
  readonly provider: string;
  readonly subject: string;
  readonly claims: Claims;
  /**
   * The challenge of an answer that refuses this client for what its credentials do not allow, like
   * `Bearer realm="corp"`; undefined if its scheme has none.
   */
  readonly challenge?: string | undefined;
}

/** What an answer of a language model says of its cost. */
export interface ModelUsage {
  readonly model: string;
  /** Tokens; -1 if it does not say. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/** What the rows of some exchanges keep besides. Texts are redacted, and undefined if they are not kept. */
export interface Details {
  /** Why it went as it did, as JSON. */
  decisions?: string;
  /** JSON: a list of names and values. */
  requestFields?: string;
  responseFields?: string;
  /** The beginnings of contents, as JSON: see `KeptContent`. */
  requestBody?: string;
  responseBody?: string;
}

/** Of which exchanges of a route rows and lines are made. Others are counted all the same. */
export type LoggedExchanges = "all" | "errors" | "off";

/** What an exchange asks of the configuration that serves it, so that its decisions can be told. */
export interface Noting {
  /** Whether the decisions of all exchanges are kept, and not only of those that went wrong. */
  readonly keepsAll: boolean;
  /** Monotonic time in milliseconds. */
  now(): number;
  /** How its route was found, and which upstream a split chose. To be asked when it is over. */
  routing(exchange: Exchange): Pick<Decisions, "route" | "split">;
}

/** What an exchange was charged at one stage of its way in, for its answer's fields. */
export interface Charged {
  /** The limits' items of the RateLimit-Policy field. */
  readonly policyItems: string;
  /** The whole RateLimit-Policy field of an exchange that is charged nothing else, if it is at hand. */
  readonly policyField?: Field | undefined;
  /** Their items of the RateLimit field: what is left, and when it grows. */
  readonly items: string;
  /** Undoes the charges, for an exchange that a later stage refuses. */
  giveBack(): void;
}

/**
 * One client request, its attempts and its answer: the single record that flows through policies,
 * forwarding and telemetry. Policies and the proxy write to it; telemetry reads it once, at the end.
 */
export class Exchange implements Delivery {
  readonly request: ClientRequest;
  readonly method: string;
  /** Replaced only when the matched route decodes the encoded slashes of its path. */
  target: RequestTarget;
  readonly client: ClientIdentity;
  readonly requestId: string;
  /** The fields that the client sent. Those for backends are in `outgoing`. */
  readonly fields: RequestFields;
  /** Unix epoch milliseconds at which the request arrived. */
  readonly startedAt: number;
  /** The same moment on the monotonic clock. */
  readonly started: number;
  readonly #onEnd: (exchange: Exchange) => void;

  /**
   * This gateway's element of Via towards backends, by which it recognizes a request that comes back.
   */
  via = VIA;
  /** What must be left out of everything that is kept or shown of the exchange. */
  redaction: Redaction = USUAL_REDACTION;
  /** The matched route's identity, as in the configuration ("/api/users/*"); empty without one. */
  route = "";
  /** The name of the upstream that it goes to; empty for one without a name, or none. */
  upstream = "";
  /** What the `:name` and `*name` segments of the route's path matched, still percent-encoded. */
  parameters: Readonly<Record<string, string>> = {};
  /** The matched route's settings for `outgoing`; to be set before that is first read. */
  outgoingRules: OutgoingRules = DEFAULT_RULES;
  #outgoing: Outgoing | undefined = undefined;
  /** Who sent it; undefined if not asked or unknown. */
  identity: Identity | undefined = undefined;
  /** What its provider adds to the answer, for this client alone. */
  answerFields: readonly Field[] | undefined = undefined;
  /** What it was charged, stage by stage; undefined as long as there is nothing. */
  charged: Charged[] | undefined = undefined;
  /** The answer whose fields report it. */
  reportedIn: Answer | undefined = undefined;
  /** In order; retries = attempts − 1. */
  readonly attempts: AttemptRecord[] = [];
  /** The attempt whose answer is passed on, if it is not the last one. */
  answeredBy: AttemptRecord | undefined = undefined;
  /** The status sent to the client; 499 when it left before there was one. */
  status = 0;
  errorCode: ErrorCode | undefined = undefined;
  /** What went wrong, for the operator. */
  errorDetail = "";
  bytesIn = 0;
  bytesOut = 0;
  /** WebSocket messages from the client and to it. */
  messagesIn = 0;
  messagesOut = 0;
  /** The grpc-status of the answer; undefined if it has none. */
  grpcStatus: number | undefined = undefined;
  /**
   * What the route's cache did: "hit", "collapsed", or why the backend was asked, as in Cache-Status (RFC
   * 9211 section 2.2): "uri-miss". Empty without a cache.
   */
  cache = "";
  /** The policy that answered or refused it on its way in; empty if none did. */
  refusedBy = "";
  /** The id of the configuration that serves it; empty if it has none. */
  configuration = "";
  /** Undefined if it is not traced. */
  trace: TraceContext | undefined = undefined;
  /** As its route has it. */
  logged: LoggedExchanges = "all";
  /** Undefined unless a language model's answer said so. */
  usage: ModelUsage | undefined = undefined;
  /** Undefined as long as there is nothing to keep. */
  details: Details | undefined = undefined;

  /** As its route has it. Undefined if its decisions are not kept in any case: then nothing is noted. */
  noting: Noting | undefined = undefined;
  /** Its chain's policies; undefined until it has one. */
  policies: readonly { readonly name: string; readonly shownAs?: string }[] | undefined = undefined;
  /** The index of the policy that answered or threw on the way in; -1 if none did. */
  turnedAt = -1;
  /** Monotonic time at which its route was known, and the first policy began; 0 until then. */
  routedAt = 0;
  /** When each policy that it reached had let it pass, by its index; undefined without any. */
  passedAt: number[] | undefined = undefined;
  /** When its answer left the chain; 0 if that was not noted. */
  leftAt = 0;
  #notes: Notes | undefined = undefined;
  /** Monotonic time at which the backend's header section arrived; 0 until then. */
  headersAt = 0;

  /** The answer that is sent, once it has left the chain. */
  answer: Answer = NO_ANSWER;
  /** What is held until the answer has ended: its `end` is called once then. */
  held: { end(): void } | undefined = undefined;
  #whenOver: (() => void)[] | undefined = undefined;
  #isOver = false;

  constructor(opening: {
    request: ClientRequest;
    fields: RequestFields;
    target: RequestTarget;
    client: ClientIdentity;
    requestId: string;
    startedAt: number;
    started: number;
    /** Called once, when it is over. */
    onEnd: (exchange: Exchange) => void;
  }) {
    this.request = opening.request;
    this.method = opening.request.method;
    this.target = opening.target;
    this.client = opening.client;
    this.requestId = opening.requestId;
    this.fields = opening.fields;
    this.startedAt = opening.startedAt;
    this.started = opening.started;
    this.#onEnd = opening.onEnd;
  }

  /** Ends the exchange early, and keeps the reason. */
  get cancellation(): Cancellation {
    return this.request.cancellation;
  }

  sent(bytes: number): void {
    this.bytesOut += bytes;
  }

  ended(failure?: GatewayError): void {
    if (failure !== undefined) {
      // If a problem has already replaced the answer, the client has not left.
      const isCause = this.errorCode === undefined;
      this.fail(failure.code, failure.message);
      if (isCause && errorKinds[failure.code].source === "client") this.status = failure.status;
    }
    this.#isOver = true;
    this.held?.end();
    if (this.#whenOver !== undefined) for (const callback of this.#whenOver) callback();
    this.#onEnd(this);
  }

  /** Calls back once, when the exchange is over; at once if it is. */
  whenOver(callback: () => void): void {
    if (this.#isOver) callback();
    else (this.#whenOver ??= []).push(callback);
  }

  /** The URL of the backend that has answered, or was asked last, as in the configuration; or empty. */
  get backend(): string {
    return (this.answeredBy ?? this.attempts.at(-1))?.backend ?? "";
  }

  /** Who ended it early or refused it; undefined for an exchange without an error. */
  get endedBy(): ErrorSource | undefined {
    return this.errorCode === undefined ? undefined : errorKinds[this.errorCode].source;
  }

  /** Whether it is over and gets a row and a line; if not, it is counted only. */
  get isLogged(): boolean {
    if (this.logged === "all") return true;
    return this.logged === "errors" && this.isError;
  }

  /** Whether it ended with an error: one of the gateway's, or a status of 400 or more. */
  get isError(): boolean {
    return this.status >= 400 || this.errorCode !== undefined;
  }

  /** What is noted besides. Created on first use; to be written to only with `noting`. */
  get notes(): Notes {
    return (this.#notes ??= new Notes());
  }

  /** Whether its decisions are worth noting by what is known so far, with this status of its answer. */
  isNoted(status: number): boolean {
    if (this.noting === undefined) return false;
    return this.noting.keepsAll || this.errorCode !== undefined || status >= 500;
  }

  /** The request for the backend. Created on first use; policies change it, attempts send it. */
  get outgoing(): Outgoing {
    this.#outgoing ??= Outgoing.of(this, this.outgoingRules);
    return this.#outgoing;
  }

  /**
   * An exchange that asks the backend the same for the gateway itself, by a request of its own: with what
   * policies have written to `outgoing` so far. Nobody is told of its end.
   */
  fork(request: ClientRequest): Exchange {
    const { target, client, requestId, startedAt, started } = this;
    const fields = new RequestFields(request.fields, this.fields.rules);
    const onEnd = () => {};
    const opening = { request, fields, target, client, requestId, startedAt, started, onEnd };
    const fork = new Exchange(opening);
    fork.via = this.via;
    fork.redaction = this.redaction;
    fork.route = this.route;
    fork.parameters = this.parameters;
    fork.outgoingRules = this.outgoingRules;
    fork.identity = this.identity;
    fork.trace = this.trace?.withoutSpans();
    fork.#outgoing = this.outgoing.copy();
    return fork;
  }

  /**
   * The connection that the request came by; undefined if it may carry requests of many clients, as a
   * proxy's does.
   */
  get clientConnection(): ClientConnection | undefined {
    const { client, fields, request } = this;
    const isDirect =
      !client.viaTrustedProxy &&
      fields.via === null &&
      fields.forwarded === null &&
      fields.xForwardedFor === null;
    return isDirect ? request.connection : undefined;
  }

  /** Forgets a failure: the client gets a good answer all the same. The attempts keep theirs. */
  recover(): void {
    this.errorCode = undefined;
    this.errorDetail = "";
    this.status = 0;
  }

  /** Records a failure. The first one is the cause; later ones do not replace it. */
  fail(code: ErrorCode, detail: string): void {
    if (this.errorCode !== undefined) return;
    this.errorCode = code;
    this.errorDetail = detail;
  }
}

const NO_ANSWER = new Answer(null);
export const DEFAULT_RULES: OutgoingRules = { preserveHost: true, sendForwarded: false };
