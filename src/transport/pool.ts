import { AnswerHeadReader } from "../wire/answer-head.ts";
import type { Clock } from "../time/clock.ts";
import { type Defer, EndOfTurn } from "../time/end-of-turn.ts";
import { TimeLimit } from "../time/time-limit.ts";
import { tlsKey } from "../upstream/tls-key.ts";
import type { Attempt, ClientConnection } from "./attempt.ts";
import { Address } from "./address.ts";
import { type FindClientSocket, findClientSocket } from "./client-socket.ts";
import { Connection, type ConnectionOwner, type Reservation } from "./connection.ts";
import type { IncomingAnswer } from "./incoming-answer.ts";

/**
 * Milliseconds for which a connection without an attempt is kept. The most impatient of the common
 * servers close theirs after 5 s, and a request had better not meet one that is being closed.
 */
const IDLE_MS = 4_000;

/**
 * Connections to backends over HTTP/1.1, with or without TLS, kept open from one request to the next.
 * As many are opened as there are requests at a time.
 */
export class ConnectionPool {
  readonly #peers = new Map<string, Peer>();
  /** The keys of settings that have been met, lest each request work one out. */
  readonly #tlsKeys = new WeakMap<Bun.TLSOptions, string>();
  readonly #services: PeerServices;

  constructor(
    clock: Clock,
    defer: Defer = setImmediate,
    findSocket: FindClientSocket = findClientSocket,
  ) {
    this.#services = {
      idleLimit: new TimeLimit(clock, IDLE_MS, (connection) => connection.idleForLong()),
      findSocket,
      requests: new EndOfTurn((connection) => connection.sendNow(), defer),
      answers: new EndOfTurn(({ attempt, answer }) => attempt.succeed(answer), defer),
    };
  }

  /** The transport of all backends. */
  send(attempt: Attempt): void {
    const { origin, tls } = attempt.request;
    this.#peerAt(origin, tls).carry(attempt);
  }

  /** Closes what is idle; the others end with their attempts. */
  close(): void {
    for (const peer of this.#peers.values()) peer.closeIdle();
  }

  #peerAt(origin: string, tls: Bun.TLSOptions | undefined): Peer {
    const key = tls === undefined ? origin : origin + this.#keyOf(tls);
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = new Peer(new Address(origin, tls), this.#services, () => this.#peers.delete(key));
      this.#peers.set(key, peer);
    }
    return peer;
  }

  /** By what they say, because each route has settings of its own, and many say the same. */
  #keyOf(tls: Bun.TLSOptions): string {
    let key = this.#tlsKeys.get(tls);
    if (key === undefined) {
      key = tlsKey(tls);
      this.#tlsKeys.set(tls, key);
    }
    return key;
  }
}

/** What the connections of all addresses share. */
interface PeerServices {
  readonly idleLimit: TimeLimit<Connection>;
  readonly findSocket: FindClientSocket;
  readonly requests: EndOfTurn<Connection>;
  readonly answers: EndOfTurn<{ readonly attempt: Attempt; readonly answer: IncomingAnswer }>;
}

/** One address, and the connections there. */
class Peer implements ConnectionOwner {
  readonly heads = new AnswerHeadReader();
  readonly #address: Address;
  readonly #services: PeerServices;
  readonly #onEmpty: () => void;
  /** The last one is the next to be used, so that those that are too many stay idle and are closed. */
  readonly #idle: Connection[] = [];
  /** Idle connections that belong to one client connection each, by the end of that. */
  readonly #reserved = new Map<string, Connection>();
  #open = 0;

  constructor(address: Address, services: PeerServices, onEmpty: () => void) {
    this.#address = address;
    this.#services = services;
    this.#onEmpty = onEmpty;
  }

  carry(attempt: Attempt): void {
    const connection = this.#reservedFor(attempt) ?? this.#idle.pop();
    if (connection === undefined) {
      this.again(attempt);
      return;
    }
    this.#services.idleLimit.end(connection.idleTime);
    connection.begin(attempt);
  }

  again(attempt: Attempt): void {
    const connection = new Connection(this, attempt);
    this.#open += 1;
    this.#address.dial(connection);
  }

  sendSoon(connection: Connection): void {
    this.#services.requests.add(connection);
  }

  answeredSoon(attempt: Attempt, answer: IncomingAnswer): void {
    this.#services.answers.add({ attempt, answer });
  }

  /** The idle connection that belongs to the client connection of an attempt. */
  #reservedFor({ request }: Attempt): Connection | undefined {
    if (this.#reserved.size === 0) return undefined;
    const client = request.from.clientConnection;
    if (client === undefined) return undefined;
    const key = keyOf(client);
    const connection = this.#reserved.get(key);
    if (connection === undefined) return undefined;
    if (!connection.isReserved) {
      // Another client has the same address and port now.
      connection.close();
      return undefined;
    }
    this.#reserved.delete(key);
    return connection;
  }

  reserve({ request }: Attempt): Reservation | undefined {
    const client = request.from.clientConnection;
    if (client === undefined) return undefined;
    const socket = this.#services.findSocket(client.address, client.port);
    return socket === undefined ? undefined : { client, socket };
  }

  idle(connection: Connection): void {
    connection.idleTime = this.#services.idleLimit.begin(connection);
    const { servesOnly } = connection;
    if (typeof servesOnly !== "object") {
      this.#idle.push(connection);
      return;
    }
    const key = keyOf(servesOnly.client);
    const earlier = this.#reserved.get(key);
    this.#reserved.set(key, connection);
    if (earlier !== connection) earlier?.close();
  }

  gone(connection: Connection): void {
    const place = this.#idle.indexOf(connection);
    if (place !== -1) this.#idle.splice(place, 1);
    const { servesOnly } = connection;
    if (typeof servesOnly === "object") {
      const key = keyOf(servesOnly.client);
      if (this.#reserved.get(key) === connection) this.#reserved.delete(key);
    }
    this.#services.idleLimit.end(connection.idleTime);
    this.#open -= 1;
    if (this.#open === 0) this.#onEmpty();
  }

  closeIdle(): void {
    for (const connection of this.#idle.toReversed()) connection.close();
    for (const connection of this.#reserved.values()) connection.close();
  }
}

function keyOf({ address, port }: ClientConnection): string {
  return `${address} ${port}`;
}
