import type { ClientConnection, ClientTls } from "../../pipeline/client-request.ts";
import type { Line } from "../../transport/line.ts";
import type { Peer } from "./peer.ts";

/** What requests know of the connection that they came by. */
export class AcceptedConnection implements ClientConnection {
  readonly peer: string;
  readonly peerPort: number;
  readonly tls: ClientTls | undefined;
  readonly #line: Line;

  constructor({ address, port }: Peer, tls: ClientTls | undefined, line: Line) {
    this.peer = address;
    this.peerPort = port;
    this.tls = tls;
    this.#line = line;
  }

  get isOpen(): boolean {
    return !this.#line.isOver;
  }
}
