import type { ClientIdentity } from "../http/forwarded.ts";
import type { RequestFields } from "../http/request-fields.ts";
import type { RequestTarget } from "../http/target.ts";
import { Cancellation, type OpenCancellations } from "./cancellation.ts";
import { type ErrorCode, errorKinds, type ErrorSource } from "./errors.ts";
import type { SocketEvents } from "./socket.ts";
import { Outgoing, type OutgoingRules, VIA } from "./outgoing.ts";

/** The part of the client's socket that an exchange uses. */
export interface ClientPort {
  /** Idle seconds after which a client's connection is closed. */
  readonly idleSeconds: number;
  /** Closes the request's connection after this many seconds of silence; 0 is never. */
  timeout(request: Request, seconds: number): void;
  /** Makes the client's connection a WebSocket. False when the handshake does not allow it. */
  upgrade(request: Request, events: SocketEvents, headers: Headers): boolean;
}

/** The record of one attempt. Times are monotonic milliseconds. */
export interface AttemptRecord {
  /** The backend's URL in the configuration. */
  readonly backend: string;
  readonly startedAt: number;
  /** When the answer's header section arrived or the attempt failed; 0 until then. */
  readonly endedAt: number;
  /** Why it failed; undefined while it is in progress and when it was answered. */
  readonly failure: Error | undefined;
}

/** Who sent a request, once a provider of credentials has vouched for it. */
export interface Identity {
  /** The provider's name in the configuration. */
  readonly provider: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What an exchange took from the quota of one limit, for its answer's fields. */
export interface TakenQuota {
  /** The limit's item of the RateLimit-Policy field. */
  readonly policyItem: string;
  /** The limit's item of the RateLimit field: what is left, and when it grows. */
  item(): string;
  /** Undoes the taking, for an exchange that another limit refuses. */
  giveBack(): void;
}

/**
 * One client request, its attempts and its answer: the single record that flows through policies,
 * forwarding and telemetry. Policies and the proxy write to it; telemetry reads it once, at the end.
 */
export class Exchange {
  readonly request: Request;
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
  readonly port: ClientPort;

  /**
   * This gateway's element of Via towards backends, by which it recognizes a request that comes back.
   */
  via = VIA;
  /** The peer's port of the client's connection; 0 if unknown. */
  peerPort = 0;
  /** The matched route's identity, as in the configuration ("/api/users/*"); empty without one. */
  route = "";
  /** Whether it has been open for a while, and therefore keeps the client's connection open itself. */
  tookLong = false;
  /** What the `:name` and `*name` segments of the route's path matched, still percent-encoded. */
  parameters: Readonly<Record<string, string>> = {};
  /** The matched route's settings for `outgoing`; to be set before that is first read. */
  outgoingRules: OutgoingRules = DEFAULT_RULES;
  #outgoing: Outgoing | undefined = undefined;
  /** Who sent it; undefined if not asked or unknown. */
  identity: Identity | undefined = undefined;
  /** One for each limit that the exchange reached, in that order. */
  readonly quotas: TakenQuota[] = [];
  /** In order; retries = attempts − 1. */
  readonly attempts: AttemptRecord[] = [];
  /** Ends the exchange early, and keeps the reason. */
  readonly cancellation: Cancellation;
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
  /** Monotonic time at which the backend's header section arrived; 0 until then. */
  headersAt = 0;

  /** Settles when the answer's content has ended, complete or not; absent if it was sent whole. */
  ended: Promise<void> | undefined = undefined;
  /** The content that counts its own bytes and settles `ended`; absent if it was sent whole. */
  content: ReadableStream<Uint8Array> | undefined = undefined;

  constructor(opening: {
    request: Request;
    fields: RequestFields;
    target: RequestTarget;
    client: ClientIdentity;
    requestId: string;
    startedAt: number;
    started: number;
    port: ClientPort;
    /** Lets the gateway cut it; absent if nothing does. */
    open?: OpenCancellations;
  }) {
    this.request = opening.request;
    this.method = opening.request.method;
    this.target = opening.target;
    this.client = opening.client;
    this.requestId = opening.requestId;
    this.fields = opening.fields;
    this.startedAt = opening.startedAt;
    this.started = opening.started;
    this.port = opening.port;
    this.cancellation = new Cancellation(this, opening.open);
  }

  /** Aborts when the client leaves. */
  get signal(): AbortSignal {
    return this.request.signal;
  }

  /** Replaces the listener's idle timeout by the exchange's own ones, which give a reason. */
  takesLong(): void {
    if (this.tookLong) return;
    this.tookLong = true;
    this.port.timeout(this.request, 0);
  }

  /** The URL of the last backend asked, as in the configuration; empty if none was. */
  get backend(): string {
    return this.attempts.at(-1)?.backend ?? "";
  }

  /** Who ended it early or refused it; undefined for an exchange without an error. */
  get endedBy(): ErrorSource | undefined {
    return this.errorCode === undefined ? undefined : errorKinds[this.errorCode].source;
  }

  /** The request for the backend. Created on first use; policies change it, attempts send it. */
  get outgoing(): Outgoing {
    this.#outgoing ??= new Outgoing(this, this.outgoingRules);
    return this.#outgoing;
  }

  /**
   * The client's end of the connection that the request came on; undefined if the connection may carry
   * requests of many clients, as a proxy's does.
   */
  get clientConnection(): { readonly address: string; readonly port: number } | undefined {
    const { client, fields, peerPort } = this;
    const isDirect =
      !client.viaTrustedProxy &&
      fields.via === null &&
      fields.forwarded === null &&
      fields.xForwardedFor === null;
    return isDirect && peerPort !== 0 ? { address: client.peer, port: peerPort } : undefined;
  }

  /** Records a failure. The first one is the cause; later ones do not replace it. */
  fail(code: ErrorCode, detail: string): void {
    if (this.errorCode !== undefined) return;
    this.errorCode = code;
    this.errorDetail = detail;
  }
}

const DEFAULT_RULES: OutgoingRules = { preserveHost: true, sendForwarded: false };
