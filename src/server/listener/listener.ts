import type { GatewayError } from "../../pipeline/errors.ts";
import type { ClientConnection } from "../../pipeline/client-request.ts";
import { type AddressSet, normalizeAddress } from "../../http/address.ts";
import { Line } from "../../transport/line.ts";
import type { Clock } from "../../time/clock.ts";
import { Timeout } from "../../time/timeout.ts";
import { EndOfTurn } from "../../time/end-of-turn.ts";
import { BatchBuffers } from "../../wire/http2/frame-sender.ts";
import { Acceptor } from "./acceptor.ts";
import type { Admission, Gate } from "./admission.ts";
import { DateLine } from "./date-line.ts";
import { FirstBytes } from "./first-bytes.ts";
import { Http1Session } from "./http1/session.ts";
import type { Http2Services } from "./http2/services.ts";
import { Http2Session } from "./http2/session.ts";
import { Parked } from "./parked.ts";
import { type Peer, ProxyPreamble, type PreambleServices } from "./proxy-preamble.ts";
import type { Expiring, SessionLimits, SessionServices } from "./services.ts";
import type { Handle, Session } from "./session.ts";

/** Limits of the operator's choice; times are in milliseconds. */
export interface ListenerLimits {
  readonly maxHeaderSize: number;
  readonly headerTimeout: number;
  readonly keepAliveTimeout: number;
  /** Whether clients may speak HTTP/2. */
  readonly http2: boolean;
  /** Peers whose connections must begin with a PROXY header. */
  readonly proxies?: AddressSet;
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
  /** Called for an error outside any exchange. */
  readonly onError: (error: unknown) => void;
}

/** A socket that clients connect to. */
export class Listener {
  readonly #sessions = new Set<Session>();
  #parked: Parked[] = [];
  readonly #services: { -readonly [Key in keyof SessionServices]: SessionServices[Key] };
  readonly #server: Acceptor<Session>;
  readonly #host: string;
  #http2: boolean;
  readonly #http2Services: Http2Services = {
    buffers: new BatchBuffers(),
    flushes: new EndOfTurn((connection) => connection.flush(), setImmediate),
  };
  readonly #admission: Admission | undefined;
  readonly #onProxyFailure: PreambleServices["failed"];
  #proxies: AddressSet | undefined;
  /** Timeouts of idle connections by earlier limits, the oldest first. */
  #earlierKeepAlive: Timeout<Expiring>[] = [];
  #onEmpty: (() => void) | undefined;

  /** Opens it. Throws if the address cannot be had. */
  constructor(options: ListenerOptions) {
    const { host, port, limits, clock, handle, admission } = options;
    const { onProxyFailure, onMisuse, onError } = options;
    this.#http2 = limits.http2;
    this.#host = host;
    this.#admission = admission;
    this.#onProxyFailure = onProxyFailure ?? (() => {});
    this.#proxies = limits.proxies;
    this.#services = {
      handle,
      clock,
      dateLine: new DateLine(clock),
      limits: sessionLimits(limits, clock),
      gone: (session) => this.#gone(session),
      onMisuse,
      onError,
    };
    this.#server = new Acceptor<Session>({
      hostname: host,
      port,
      socket: {
        binaryType: "buffer",
        open: (socket) => this.#accept(socket),
        data: (socket, bytes) => socket.data.received(bytes),
        drain: (socket) => socket.data.drained(),
        end: (socket) => socket.data.ended(),
        close: (socket, error) => socket.data.closed(error),
        error: (socket, error) => socket.data.closed(error),
      },
    });
    admission?.addGate(this.#gate);
  }

  get url(): URL {
    const name = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    return new URL(`http://${name}:${this.#server.port}`);
  }

  /** Applies other limits; to what is already being waited for, the old ones apply. */
  limit(limits: ListenerLimits): void {
    this.#proxies = limits.proxies;
    this.#earlierKeepAlive = this.#keepAlive;
    this.#services.limits = sessionLimits(limits, this.#services.clock);
    this.#http2 = limits.http2;
  }

  /** Since when a connection has been idle that has been so for longest; undefined if none is idle. */
  get idleSince(): number | undefined {
    return this.#keepAlive[0]?.firstBegan;
  }

  closeOldestIdle(): void {
    this.#keepAlive[0]?.expireFirst();
  }

  /** The clients of all connections that have been counted. */
  *clients(): Generator<string> {
    for (const { client } of this.#sessions) if (client !== undefined) yield client;
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

  /** Timeouts for which connections are waiting, those of earlier limits first. */
  get #keepAlive(): Timeout<Expiring>[] {
    return [...this.#earlierKeepAlive, this.#services.limits.keepAlive].filter(
      ({ isEmpty }) => !isEmpty,
    );
  }

  #accept(socket: Bun.Socket<Session>): void {
    const place = this.#admission?.enter() ?? "stays";
    if (place === "refused") {
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
    const peer = { address: normalizeAddress(socket.remoteAddress), port: socket.remotePort };
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
    failed: (peer, reason) => this.#onProxyFailure(peer, reason),
    gone: (session) => this.#gone(session),
  };

  /** The client is known. */
  #admit(socket: Bun.Socket<Session>, peer: Peer): void {
    if (this.#admission?.identify(peer.address) === false) {
      refuse(socket);
      this.#admission.leave(undefined);
    } else this.#begin(socket, peer);
  }

  #begin(socket: Bun.Socket<Session>, peer: Peer): void {
    const line = new Line();
    line.take(socket);
    const connection = new PlainConnection(peer, line);
    if (!this.#http2) {
      this.#use(socket, new Http1Session(line, connection, this.#services));
      return;
    }
    const first = new FirstBytes(
      {
        client: peer.address,
        become: (version) => {
          this.#sessions.delete(first);
          return this.#use(
            socket,
            version === "HTTP/2"
              ? new Http2Session(line, connection, this.#services, this.#http2Services)
              : new Http1Session(line, connection, this.#services),
          );
        },
        close: (manner) => line.end(manner),
      },
      this.#services,
    );
    this.#use(socket, first);
  }

  #use(socket: Bun.Socket<Session>, session: Session): Session {
    socket.data = session;
    this.#sessions.add(session);
    return session;
  }

  #gone(session: Session): void {
    this.#admission?.leave(session.client);
    this.#forget(session);
  }

  #forget(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }
}

/** A connection without TLS. */
class PlainConnection implements ClientConnection {
  readonly peer: string;
  readonly peerPort: number;
  readonly tls = undefined;
  readonly #line: Line;

  constructor({ address, port }: Peer, line: Line) {
    this.peer = address;
    this.peerPort = port;
    this.#line = line;
  }

  get isOpen(): boolean {
    return !this.#line.isOver;
  }
}

function sessionLimits(
  { maxHeaderSize, headerTimeout, keepAliveTimeout }: ListenerLimits,
  clock: Clock,
): SessionLimits {
  const timeout = (milliseconds: number) =>
    new Timeout<Expiring>(clock, milliseconds, (session) => session.timeIsUp());
  // Without a limit, too, it is known which connection has been idle for longest.
  return {
    maxHeaderSize,
    header: timeout(headerTimeout),
    keepAlive: timeout(keepAliveTimeout || TEN_YEARS),
  };
}

const TEN_YEARS = 10 * 365 * 86_400_000;

/** The owner of a connection that is closed at once. */
const NOBODY: Session = {
  isIdle: true,
  client: undefined,
  received: () => {},
  drained: () => {},
  ended: () => {},
  closed: () => {},
  drain: () => {},
  cut: () => {},
  destroy: () => {},
};

function refuse(socket: Bun.Socket<Session>): void {
  socket.data = NOBODY;
  socket.end();
}
