import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Ending, Incoming } from "./incoming.ts";
import { type Content, Head, readContent, readHead } from "./message.ts";

/** An answer as it was on the wire. */
export interface Answer extends Content {
  readonly status: number;
  readonly head: Head;
  /** The 1xx answers before it. */
  readonly interim: readonly Head[];
}

/** The client's side of one connection, which sends exactly the given bytes. */
export class Client {
  readonly incoming: Incoming;
  readonly #socket: Socket;

  private constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.incoming = new Incoming(socket, patience);
  }

  static connect(host: string, port: number, patience: number, tls = false): Promise<Client> {
    return new Promise((resolve, reject) => {
      const options = { host, port, allowHalfOpen: true };
      const socket = tls
        ? connectTls({ ...options, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
        : connect(options);
      const client = new Client(socket, patience);
      socket.once("error", reject);
      socket.once(tls ? "secureConnect" : "connect", () => {
        socket.setNoDelay(true);
        resolve(client);
      });
    });
  }

  /** Sends bytes; text goes one byte per character. Settles when they are out of our hands. */
  send(bytes: string | Buffer): Promise<void> {
    return write(this.#socket, bytes);
  }

  /** The next head that is not 1xx, and those that are. */
  async head(): Promise<{ head: Head; status: number; interim: Head[] }> {
    const interim: Head[] = [];
    for (;;) {
      const head = await readHead(this.incoming);
      const status = Number(/^HTTP\/1\.[01] ([0-9]{3})(?: |$)/.exec(head.line)?.[1]);
      if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(head.line)}`);
      if (status >= 200 || status === 101) return { head, status, interim };
      interim.push(head);
    }
  }

  /** The next answer; `method` is the request's, because answers to HEAD have no content. */
  async answer(method = "GET"): Promise<Answer> {
    const { head, status, interim } = await this.head();
    const bare = method === "HEAD" || status === 204 || status === 304 || status === 101;
    const content = bare
      ? await readContent(this.incoming, new Head(""), "none")
      : await readContent(this.incoming, head, "close");
    return { ...content, head, status, interim };
  }

  /** How the other side ends the connection, whatever it still sends. */
  get ended(): Promise<Ending> {
    return this.incoming.ended;
  }

  /** Stops taking bytes off the wire. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes this side only. */
  end(): void {
    this.#socket.end();
  }

  /** Closes as a process does that ends. */
  close(): void {
    this.#socket.destroy();
  }

  /** Closes with RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

/** Writes, and waits where the other side is slower; a connection that ends, ends the wait too. */
export function write(socket: Socket, bytes: string | Buffer): Promise<void> {
  const data = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
  return new Promise((resolve) => {
    if (socket.destroyed || !socket.writable) return resolve();
    const done = () => {
      socket.off("close", done);
      resolve();
    };
    socket.once("close", done);
    socket.write(data, done);
  });
}
