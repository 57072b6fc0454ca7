import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { hostName } from "../http/host.ts";
import type { Clock } from "../time/clock.ts";
import { type PendingTimeout, Timeout } from "../time/timeout.ts";
import type { Destination } from "../upstream/destination.ts";
import { AttemptError } from "./attempt-error.ts";
import { connectError } from "./descriptors.ts";
import { Dial, type Dialled, type Way } from "./dial.ts";
import { EgressDial, type Egress, egressOf } from "./egress.ts";
import type { Name, Names, OnMoved } from "./names.ts";
import { plainEvents, secureEvents, type VerifyName } from "./socket-events.ts";

/** What is dialled, and the time it has. */
export interface Connecting extends Dialled {
  /** Set by the address. */
  connectTime: PendingTimeout;
}

/** The target of connections, with or without TLS: a host and port, or a Unix socket. */
export class Address {
  readonly #way: Way;
  readonly #clock: Clock;
  readonly #connectTimeout: Timeout<Connecting>;
  /** Absent if the host is an IP address. */
  readonly #name: Name | undefined;
  readonly #literal: readonly string[];
  readonly #origin: string;
  /** The way from the egress proxy on, if there is one. */
  readonly #egress: Egress | undefined;
  /** Connections through the egress proxy that are being opened. */
  readonly #underWay = new Map<Connecting, EgressDial>();

  /** `alpn`: the protocols to offer in the TLS handshake. */
  constructor(to: Destination, names: Names, clock: Clock, alpn?: Buffer) {
    const { origin, socketPath, tls, connectTimeout } = to;
    this.#clock = clock;
    this.#origin = origin;
    this.#egress = egressOf(to);
    this.#connectTimeout = new Timeout(clock, connectTimeout, (connection) =>
      connection.refused(tookTooLong(connectTimeout)),
    );
    if (socketPath !== undefined) {
      this.#name = undefined;
      this.#literal = [socketPath];
      this.#way = { port: 0, socket: plainEvents, isUnix: true };
      return;
    }
    const { host, port } = new URL(origin);
    const hostname = hostName(host);
    const dialled = this.#egress?.host ?? hostname;
    this.#name = isIP(dialled) === 0 ? names.of(dialled) : undefined;
    this.#literal = [dialled];
    this.#way = {
      port: Number(port || (tls === undefined ? 80 : 443)),
      ...(tls === undefined ? { socket: plainEvents } : secureWay(hostname, tls, alpn)),
    };
  }

  /** Opens a socket for a connection, which gets all its events. */
  dial(connection: Connecting): void {
    connection.connectTime = this.#connectTimeout.begin(connection);
    const addresses = this.#name?.addresses() ?? this.#literal;
    if (!(addresses instanceof Promise)) {
      this.#dialFirst(connection, addresses, false);
      return;
    }
    addresses.then(
      (found) => this.#dialFirst(connection, found, true),
      (cause: unknown) => connection.refused(connectError(notResolved(cause))),
    );
  }

  /** Requests can be sent, or never will be; to be called for each that is dialled. */
  settled(connection: Connecting): void {
    if (this.#egress !== undefined) {
      this.#underWay.get(connection)?.giveUp();
      this.#underWay.delete(connection);
    }
    this.#connectTimeout.end(connection.connectTime);
  }

  #dialFirst(connection: Connecting, addresses: readonly string[], areNew: boolean): void {
    const egress = this.#egress;
    let dialled: Dialled = connection;
    let way = this.#way;
    if (egress !== undefined) {
      const dial = new EgressDial(connection, egress, this.#origin, way);
      this.#underWay.set(connection, dial);
      dialled = dial;
      way = { port: egress.port, socket: plainEvents };
    }
    new Dial(dialled, addresses, {
      connect: Bun.connect,
      way,
      clock: this.#clock,
      name: this.#name,
      areNew,
    }).next();
  }

  /** Whether the name still has an IP address; true if unknown. */
  leadsTo(address: string): boolean {
    return this.#name === undefined || this.#name.has(address);
  }

  /** Calls back after each lookup of the addresses, until `unwatch`. */
  watch(onMoved: OnMoved): void {
    this.#name?.watch(onMoved);
  }

  unwatch(onMoved: OnMoved): void {
    this.#name?.unwatch(onMoved);
  }
}

/**
 * How a certificate is verified, whatever address is dialled: for `serverName`, or for the host if that
 * is an address. An address is never sent as a server name (RFC 6066 section 3).
 */
function secureWay(
  hostname: string,
  given: Bun.TLSOptions,
  alpn: Buffer | undefined,
): Pick<Way, "socket" | "tls"> {
  const tls = alpn === undefined ? given : { ...given, ALPNProtocols: alpn };
  const expected = tls.serverName || hostname;
  const trustsAny = tls.rejectUnauthorized === false;
  if (isIP(expected) === 0) {
    return { socket: secureEvents(trustsAny), tls: { ...tls, serverName: expected } };
  }
  const nameless = { ...tls, serverName: "" };
  if (trustsAny || expected === hostname) return { socket: secureEvents(trustsAny), tls: nameless };
  // The runtime would verify for the dialled address, which is a different one.
  const verify: VerifyName = (certificate) => checkServerIdentity(expected, certificate);
  return { socket: secureEvents(false, verify), tls: { ...nameless, rejectUnauthorized: false } };
}

function tookTooLong(milliseconds: number): Error {
  const cause = Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" });
  const detail = `no connection to the backend could be opened within ${milliseconds} ms`;
  return new AttemptError("backend_connect_timeout", detail, "nothing", cause);
}

function notResolved(cause: unknown): Error {
  const error = new Error("the backend's name does not resolve", { cause });
  return Object.assign(error, { code: "ENOTFOUND" });
}
