import type { GatewayError } from "../../pipeline/errors.ts";
import type { ClientConnection } from "../../pipeline/client-request.ts";
import { normalizeAddress } from "../../http/address.ts";
import { Line } from "../../transport/line.ts";
import type { Clock } from "../../time/clock.ts";
import { Timeout } from "../../time/timeout.ts";
import { DateLine } from "./date-line.ts";
import { Http1Session } from "./http1/session.ts";
import type { Expiring, SessionLimits, SessionServices } from "./services.ts";
import type { Handle, Session } from "./session.ts";

/** Limits of the operator's choice; times are in milliseconds. */
export interface ListenerLimits {
  readonly maxHeaderSize: number;
  readonly headerTimeout: number;
  readonly keepAliveTimeout: number;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly handle: Handle;
  /** Called for an error outside any exchange. */
  readonly onError: (error: unknown) => void;
}

/** A socket that clients connect to. */
export class Listener {
  readonly #sessions = new Set<Session>();
  readonly #services: { -readonly [Key in keyof SessionServices]: SessionServices[Key] };
  readonly #server: Bun.TCPSocketListener<Session>;
  readonly #host: string;
  #onEmpty: (() => void) | undefined;

  /** Opens it. Throws if the address cannot be had. */
  constructor({ host, port, limits, clock, handle, onError }: ListenerOptions) {
    this.#host = host;
    this.#services = {
      handle,
      clock,
      dateLine: new DateLine(clock),
      limits: sessionLimits(limits, clock),
      gone: (session) => this.#gone(session),
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
    const session = new Http1Session(line, new PlainConnection(socket, line), this.#services);
    socket.data = session;
    this.#sessions.add(session);
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
