import type { GatewayError } from "../../pipeline/errors.ts";
import type { ClientConnection } from "../../pipeline/client-request.ts";
import { normalizeAddress } from "../../http/address.ts";
import type { AddressSet } from "../../http/address-set.ts";
import { Line } from "../../transport/line.ts";
import type { Clock } from "../../time/clock.ts";
import { EndOfTurn } from "../../time/end-of-turn.ts";
import { protocolList } from "../../wire/alpn.ts";
import { RequestHeadReader } from "../../wire/request-head.ts";
import { BatchBuffers } from "../../wire/http2/frame-sender.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import { Acceptor } from "./acceptor.ts";
import type { Admission, Gate } from "./admission.ts";
import { type Census, ConnectionCounts } from "./census.ts";
import { DateLine } from "./date-line.ts";
import { FirstBytes } from "./first-bytes.ts";
import { Http1Session } from "./http1/session.ts";
import type { Http2Services } from "./http2/services.ts";
import { Http2Session } from "./http2/session.ts";
import { IdleTimeouts } from "./idle-timeouts.ts";
import { type ListenerLimits, sessionLimits } from "./limits.ts";
import { Parked } from "./parked.ts";
import type { Peer } from "./peer.ts";
import { ProxyPreamble, type PreambleServices } from "./proxy-preamble.ts";
import type { SessionServices } from "./services.ts";
import type { Handle, Session } from "./session.ts";
import { refuse, socketEvents } from "./socket-events.ts";
import { type HandshakeServices, TlsHandshake, type TlsSettings } from "./tls/handshake.ts";

/** Offered by ALPN, in order of preference. */
const HTTP_1_AND_2 = protocolList(["h2", "http/1.1"]);
const HTTP_1 = protocolList(["http/1.1"]);

/** What makes a listener one for TLS. */
export interface ListenerTls {
  /** For new connections. */
  readonly settings: TlsSettings;
  /** A handshake failed. */
  readonly failed: HandshakeServices["failed"];
  /** A client's certificate is not accepted, and none is required. */
  readonly ignored: HandshakeServices["ignored"];
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly handle: Handle;
  /** A client has broken the protocol, or floods its connection, which has been ended. */
  readonly onMisuse?: SessionServices["onMisuse"];
  /** Decides which connections stay; without it all do. */
  readonly admission?: Admission | undefined;
  /** A proxy's connection does not begin with a valid PROXY header, and is closed. */
  readonly onProxyFailure?: PreambleServices["failed"];
  /** Where connections are counted. */
  readonly counts?: ConnectionCounts | undefined;
  /** Called for an error outside any exchange. */
  readonly onError: (error: unknown) => void;
  /** Undefined for plain connections. */
  readonly tls?: ListenerTls | undefined;
}

/** Between two times at which connections give back memory. */
const REST_EVERY_MS = 10_000;

/** A socket that clients connect to. */
export class Listener {
  readonly #sessions = new Set<Session>();
  #parked: Parked[] = [];
  readonly #services: { -readonly [Key in keyof SessionServices]: SessionServices[Key] };
  readonly #server: Acceptor<Session>;
  readonly #host: string;
  readonly #tls: ListenerTls | undefined;
  #http2: boolean;
  readonly #http2Services: Http2Services = {
    buffers: new BatchBuffers(),
    flushes: new EndOfTurn((connection) => connection.flush(), setImmediate),
  };
  readonly #admission: Admission | undefined;
  readonly #counts: ConnectionCounts;
  readonly #onProxyFailure: PreambleServices["failed"];
  #proxies: AddressSet | undefined;
  readonly #idle = new IdleTimeouts();
  #onEmpty: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;

  /** Opens it. Throws if the address cannot be had. */
  constructor(options: ListenerOptions) {
    const { host, port, limits, clock, handle, admission } = options;
    const { onProxyFailure, onMisuse, onError } = options;
    this.#http2 = limits.http2;
    this.#host = host;
    this.#tls = options.tls;
    this.#admission = admission;
    this.#counts = options.counts ?? new ConnectionCounts();
    this.#onProxyFailure = onProxyFailure ?? (() => {});
    this.#proxies = limits.proxies;
    this.#services = {
      handle,
      clock,
      dateLine: new DateLine(clock),
      heads: new RequestHeadReader(),
      limits: sessionLimits(limits, clock),
      gone: (session) => this.#gone(session),
      onMisuse,
      onError,
    };
    this.#idle.use(this.#services.limits);
    this.#server = new Acceptor<Session>({
      hostname: host,
      port,
      socket: { ...socketEvents, open: (socket) => this.#accept(socket) },
    });
    admission?.addGate(this.#gate);
  }

  get url(): URL {
    const name = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    const scheme = this.#tls === undefined ? "http" : "https";
    return new URL(`${scheme}://${name}:${this.#server.port}`);
  }

  /** Applies other limits; to what is already being waited for, the old ones apply. */
  limit(limits: ListenerLimits): void {
    this.#proxies = limits.proxies;
    this.#services.limits = sessionLimits(limits, this.#services.clock);
    this.#idle.use(this.#services.limits);
    this.#http2 = limits.http2;
  }

  /** Since when a connection has been idle that has been so for longest; undefined if none is idle. */
  get idleSince(): number | undefined {
    return this.#idle.oldest;
  }

  closeOldestIdle(): void {
    this.#idle.expireOldest();
  }

  /** The clients of all connections that have been counted. */
  *clients(): Generator<string> {
    for (const { client } of this.#sessions) if (client !== undefined) yield client;
  }

  /** Adds its open connections to a census. */
  addTo(census: Census): void {
    for (const session of this.#sessions) {
      if (session instanceof Http1Session) census.http1 += 1;
      else if (session instanceof Http2Session) {
        census.http2 += 1;
        census.streams += session.streams;
      } else census.opening += 1;
    }
  }

  /** Ends all exchanges under way, for one reason. */
  cut(reason: GatewayError): void {
    for (const session of this.#sessions) session.cut(reason);
  }

  /**
   * Accepts no new connections; resolves when the present ones have ended: at once if they are idle or
   * `force` is given, otherwise after the exchange under way.
   */
  async stop(force = false): Promise<void> {
    this.#admission?.removeGate(this.#gate);
    this.#server.stop();
    for (const session of this.#sessions) {
      if (force) session.destroy();
      else session.drain();
    }
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const before = this.#onEmpty;
      this.#onEmpty = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Now and then connections give back memory, idle or not: that costs them one request's reading. */
  #restLater(): void {
    this.#cancelRest ??= this.#services.clock.schedule(REST_EVERY_MS, () => {
      this.#cancelRest = undefined;
      for (const session of this.#sessions) session.rest?.();
      this.#restLater();
    });
  }

  #accept(socket: Bun.Socket<Session>): void {
    // Undefined, contrary to its type, if the client has reset the connection already.
    const address = socket.remoteAddress as string | undefined;
    if (address === undefined) {
      refuse(socket);
      return;
    }
    this.#restLater();
    const place = this.#admission?.enter() ?? "stays";
    if (place === "refused") {
      this.#counts.refused.max_connections += 1;
      refuse(socket);
      return;
    }
    if (place === "waits") {
      const parked = new Parked(socket, (gone) => {
        this.#parked = this.#parked.filter((other) => other !== gone);
        this.#forget(gone);
      });
      this.#parked.push(parked);
      this.#sessions.add(parked);
      return;
    }
    this.#counts.accepted += 1;
    const peer = { address: normalizeAddress(address), port: socket.remotePort };
    if (this.#proxies?.has(peer.address) === true) {
      const services = { ...this.#preambleServices, timeout: this.#services.limits.header };
      socket.data = new ProxyPreamble(socket, peer, services);
      this.#sessions.add(socket.data);
    } else this.#admit(socket, peer);
  }

  /** Accepting pauses and resumes, with a connection that was accepted too late first. */
  readonly #gate: Gate = {
    pause: () => this.#server.pause(),
    resume: () => {
      this.#server.resume();
      const waiting = this.#parked;
      this.#parked = [];
      for (const parked of waiting) {
        this.#accept(parked.release());
        this.#forget(parked);
      }
    },
  };

  readonly #preambleServices: Omit<PreambleServices, "timeout"> = {
    named: (preamble, peer, rest) => {
      const { socket } = preamble;
      this.#admit(socket, peer);
      this.#forget(preamble);
      if (rest.length > 0) socket.data.received(rest);
    },
    failed: (peer, reason) => {
      this.#counts.refused.proxy_protocol += 1;
      this.#onProxyFailure(peer, reason);
    },
    gone: (session) => this.#gone(session),
  };

  /** The client is known. */
  #admit(socket: Bun.Socket<Session>, peer: Peer): void {
    if (this.#admission?.identify(peer.address) === false) {
      this.#counts.refused.max_connections_per_client += 1;
      refuse(socket);
      this.#admission.leave(undefined);
    } else if (this.#tls === undefined) this.#begin(socket, peer);
    else {
      const handshake = new TlsHandshake(socket, peer, this.#tls.settings, {
        timeout: this.#services.limits.header,
        protocols: this.#http2 ? HTTP_1_AND_2 : HTTP_1,
        failed: this.#failed,
        ignored: this.#tls.ignored,
        secured: this.#secured,
        gone: this.#services.gone,
      });
      this.#use(socket, handshake);
    }
  }

  readonly #failed: HandshakeServices["failed"] = (...failure) => {
    this.#counts.handshakes.failed += 1;
    this.#tls?.failed(...failure);
  };

  /** A property, so that no closure is made per connection. */
  readonly #secured: HandshakeServices["secured"] = (
    handshake,
    { socket, peer, tls, protocol },
  ) => {
    this.#counts.handshakes.succeeded += 1;
    const line = new Line();
    line.take(socket);
    const version = protocol === "h2" ? "HTTP/2" : "HTTP/1.1";
    this.#speak(version, socket, line, new AcceptedConnection(peer, tls, line));
    this.#forget(handshake);
  };

  /** Begins with a plain connection. */
  #begin(socket: Bun.Socket<Session>, peer: Peer): void {
    const line = new Line();
    line.take(socket);
    const connection = new AcceptedConnection(peer, undefined, line);
    if (!this.#http2) {
      this.#speak("HTTP/1.1", socket, line, connection);
      return;
    }
    const first = new FirstBytes(
      {
        client: peer.address,
        become: (version) => {
          this.#sessions.delete(first);
          return this.#speak(version, socket, line, connection);
        },
        close: (manner) => line.end(manner),
      },
      this.#services,
    );
    this.#use(socket, first);
  }

  #speak(
    version: "HTTP/1.1" | "HTTP/2",
    socket: Bun.Socket<Session>,
    line: Line,
    connection: ClientConnection,
  ): Session {
    const session =
      version === "HTTP/2"
        ? new Http2Session(line, connection, this.#services, this.#http2Services)
        : new Http1Session(line, connection, this.#services);
    return this.#use(socket, session);
  }

  #use(socket: Bun.Socket<Session>, session: Session): Session {
    socket.data = session;
    this.#sessions.add(session);
    return session;
  }

  #gone(session: Session): void {
    // A socket that fails reports that twice: by its error, and by its end.
    if (!this.#sessions.has(session)) return;
    this.#admission?.leave(session.client);
    this.#forget(session);
  }

  #forget(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    this.#cancelRest?.();
    this.#cancelRest = undefined;
    this.#onEmpty?.();
  }
}
