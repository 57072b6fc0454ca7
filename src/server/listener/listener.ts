import type { GatewayError } from "../../pipeline/errors.ts";
import type { ClientConnection } from "../../pipeline/client-request.ts";
import { normalizeAddress } from "../../http/address.ts";
import { Line } from "../../transport/line.ts";
import type { Clock } from "../../time/clock.ts";
import { Timeout } from "../../time/timeout.ts";
import { EndOfTurn } from "../../time/end-of-turn.ts";
import { BatchBuffers } from "../../wire/http2/frame-sender.ts";
import { DateLine } from "./date-line.ts";
import { FirstBytes } from "./first-bytes.ts";
import { Http1Session } from "./http1/session.ts";
import type { Http2Services } from "./http2/services.ts";
import { Http2Session } from "./http2/session.ts";
import type { Expiring, SessionLimits, SessionServices } from "./services.ts";
import type { Handle, Session } from "./session.ts";

/** Limits of the operator's choice; times are in milliseconds. */
export interface ListenerLimits {
  readonly maxHeaderSize: number;
  readonly headerTimeout: number;
  readonly keepAliveTimeout: number;
  /** Whether clients may speak HTTP/2. */
  readonly http2: boolean;
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
  /** Called for an error outside any exchange. */
  readonly onError: (error: unknown) => void;
}

/** A socket that clients connect to. */
export class Listener {
  readonly #sessions = new Set<Session>();
  readonly #services: { -readonly [Key in keyof SessionServices]: SessionServices[Key] };
  readonly #server: Bun.TCPSocketListener<Session>;
  readonly #host: string;
  #http2: boolean;
  readonly #http2Services: Http2Services = {
    buffers: new BatchBuffers(),
    flushes: new EndOfTurn((connection) => connection.flush(), setImmediate),
  };
  #onEmpty: (() => void) | undefined;

  /** Opens it. Throws if the address cannot be had. */
  constructor(options: ListenerOptions) {
    const { host, port, limits, clock, handle, onMisuse, onError } = options;
    this.#http2 = limits.http2;
    this.#host = host;
    this.#services = {
      handle,
      clock,
      dateLine: new DateLine(clock),
      limits: sessionLimits(limits, clock),
      gone: (session) => this.#gone(session),
      onMisuse,
      onError,
    };
    this.#server = Bun.listen<Session>({
      hostname: host,
      port,
      // A client that has sent all it has to say still gets its answer.
      allowHalfOpen: true,
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
  }

  get url(): URL {
    const name = this.#host.includes(":") ? `[${this.#host}]` : this.#host;
    return new URL(`http://${name}:${this.#server.port}`);
  }

  /** Applies other limits; to what is already being waited for, the old ones apply. */
  limit(limits: ListenerLimits): void {
    this.#services.limits = sessionLimits(limits, this.#services.clock);
    this.#http2 = limits.http2;
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
    this.#server.stop(false);
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

  #accept(socket: Bun.Socket<Session>): void {
    const line = new Line();
    line.take(socket);
    const connection = new PlainConnection(socket, line);
    if (!this.#http2) {
      this.#use(socket, new Http1Session(line, connection, this.#services));
      return;
    }
    const first = new FirstBytes(
      {
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

  constructor(socket: Bun.Socket<Session>, line: Line) {
    this.peer = normalizeAddress(socket.remoteAddress);
    this.peerPort = socket.remotePort;
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
  return { maxHeaderSize, header: timeout(headerTimeout), keepAlive: timeout(keepAliveTimeout) };
}
