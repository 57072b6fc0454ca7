import type { Clock } from "../time/clock.ts";
import type { EndOfTurn } from "../time/end-of-turn.ts";
import type { Timeout } from "../time/timeout.ts";
import { AnswerHeadReader } from "../wire/answer-head.ts";
import type { Address } from "./address.ts";
import { GREATEST_AGE } from "./ages.ts";
import type { ClientConnection } from "../pipeline/client-request.ts";
import type { Attempt } from "./attempt.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { BackendAnswer } from "./backend-answer.ts";
import type { IncomingAnswer } from "./incoming-answer.ts";
import type { SocketOwner } from "./socket-events.ts";

/** What the connections of all addresses share. */
export interface ConnectionServices {
  readonly clock: Clock;
  readonly random: () => number;
  readonly idleTimeout: Timeout<Connection>;
  readonly requests: EndOfTurn<Connection>;
  readonly answers: EndOfTurn<{ readonly attempt: Attempt; readonly answer: BackendAnswer }>;
}

/** The connections to one address. */
export class Connections implements ConnectionOwner {
  readonly heads = new AnswerHeadReader();
  readonly #address: Address;
  readonly #services: ConnectionServices;
  readonly #onEmpty: () => void;
  /** The last one is used next, so that surplus ones stay idle and are closed. */
  readonly #idle: Connection[] = [];
  /** Idle connections that are each reserved for one client connection. */
  readonly #reserved = new Map<ClientConnection, Connection>();
  #open = 0;

  constructor(address: Address, services: ConnectionServices, onEmpty: () => void) {
    this.#address = address;
    this.#services = services;
    this.#onEmpty = onEmpty;
    address.watch(this.#onMoved);
  }

  get connections(): number {
    return this.#open;
  }

  /** Whether none is open. */
  get isEmpty(): boolean {
    return this.#open === 0;
  }

  carry(attempt: Attempt): void {
    const connection = this.#reservedFor(attempt) ?? this.#idle.pop();
    if (connection === undefined) {
      this.again(attempt);
      return;
    }
    this.#services.idleTimeout.end(connection.idleTime);
    connection.begin(attempt);
  }

  again(attempt: Attempt): void {
    this.#address.dial(this.#create(attempt));
  }

  /** Carries an attempt on a socket that is ready for requests. */
  adopt(socket: Bun.Socket<SocketOwner>, address: string, attempt: Attempt): void {
    const connection = this.#create(attempt);
    connection.address = address;
    socket.data = connection;
    if (connection.opened(socket)) connection.ready();
    else socket.terminate();
  }

  connected(connection: Connection): void {
    this.#address.settled(connection);
  }

  sendSoon(connection: Connection): void {
    this.#services.requests.add(connection);
  }

  answeredSoon(attempt: Attempt, answer: IncomingAnswer): void {
    this.#services.answers.add({ attempt, answer });
  }

  reserve({ request }: Attempt): ClientConnection | undefined {
    return request.from.clientConnection;
  }

  idle(connection: Connection): void {
    const { clock, idleTimeout } = this.#services;
    const { servesOnly } = connection;
    if (typeof servesOnly !== "object") {
      // Idle ones are closed within seconds, so their age need not be checked again before use.
      if (clock.monotonic() >= connection.retiresAt || !this.#address.leadsTo(connection.address)) {
        connection.close();
        return;
      }
      connection.idleTime = idleTimeout.begin(connection);
      this.#idle.push(connection);
      return;
    }
    connection.idleTime = idleTimeout.begin(connection);
    const earlier = this.#reserved.get(servesOnly);
    this.#reserved.set(servesOnly, connection);
    if (earlier !== connection) earlier?.close();
  }

  gone(connection: Connection): void {
    this.#address.settled(connection);
    const place = this.#idle.indexOf(connection);
    if (place !== -1) this.#idle.splice(place, 1);
    const { servesOnly } = connection;
    if (typeof servesOnly === "object") {
      if (this.#reserved.get(servesOnly) === connection) this.#reserved.delete(servesOnly);
    }
    this.#services.idleTimeout.end(connection.idleTime);
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#address.unwatch(this.#onMoved);
    this.#onEmpty();
  }

  /** A connection has been idle for as long as one may be. */
  idleForLong(connection: Connection): void {
    // Closing an authenticated connection would end the client's session with the backend.
    if (connection.isReserved) this.idle(connection);
    else connection.close();
  }

  closeIdle(): void {
    for (const connection of this.#idle.toReversed()) connection.close();
    for (const connection of this.#reserved.values()) connection.close();
  }

  /** What carries or awaits an attempt ends with that. */
  cut(): void {
    this.closeIdle();
  }

  /**
   * Those that carry a request are closed after it; a reserved one ends with its client's connection.
   */
  readonly #onMoved = (): void => {
    for (const connection of this.#idle.toReversed()) {
      if (!this.#address.leadsTo(connection.address)) connection.close();
    }
  };

  #create(attempt: Attempt): Connection {
    const { clock, random } = this.#services;
    const connection = new Connection(this, attempt);
    connection.retiresAt = clock.monotonic() + GREATEST_AGE * (0.9 + 0.2 * random());
    this.#open += 1;
    return connection;
  }

  /** The idle connection that is reserved for an attempt's client connection. */
  #reservedFor({ request }: Attempt): Connection | undefined {
    if (this.#reserved.size === 0) return undefined;
    const client = request.from.clientConnection;
    if (client === undefined) return undefined;
    const connection = this.#reserved.get(client);
    this.#reserved.delete(client);
    return connection;
  }
}
