import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { hostName } from "../http/host.ts";
import type { Clock } from "../time/clock.ts";
import type { Connection } from "./connection.ts";
import { connectError } from "./descriptors.ts";
import { Dial, type Way } from "./dial.ts";
import type { Name, Names, OnMoved } from "./names.ts";
import { plainEvents, secureEvents, type VerifyName } from "./socket-events.ts";

/** The target of connections, with or without TLS. */
export class Address {
  readonly #way: Way;
  readonly #clock: Clock;
  /** Absent if the host is an IP address. */
  readonly #name: Name | undefined;
  readonly #literal: readonly string[];

  /** `origin` is a scheme, host and port; `tls` is given for https and nothing else. */
  constructor(origin: string, tls: Bun.TLSOptions | undefined, names: Names, clock: Clock) {
    const { host, port } = new URL(origin);
    const hostname = hostName(host);
    this.#clock = clock;
    this.#name = isIP(hostname) === 0 ? names.of(hostname) : undefined;
    this.#literal = [hostname];
    this.#way = {
      port: Number(port || (tls === undefined ? 80 : 443)),
      ...(tls === undefined ? { socket: plainEvents } : secureWay(hostname, tls)),
    };
  }

  /** Opens a socket for a connection, which gets all its events. */
  dial(connection: Connection): void {
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

  #dialFirst(connection: Connection, addresses: readonly string[], areNew: boolean): void {
    new Dial(connection, addresses, {
      connect: Bun.connect,
      way: this.#way,
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
function secureWay(hostname: string, tls: Bun.TLSOptions): Pick<Way, "socket" | "tls"> {
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

function notResolved(cause: unknown): Error {
  const error = new Error("the backend's name does not resolve", { cause });
  return Object.assign(error, { code: "ENOTFOUND" });
}
