import { createServer, type Server, type Socket } from "node:net";
import { write } from "./client.ts";
import { Incoming } from "./incoming.ts";
import { type Content, type Head, readContent, readHead } from "./message.ts";

/** What a backend does with a request. */
export type Script = (request: BackendRequest) => unknown;

/** A request as it came to the backend, and the connection it came on. */
export class BackendRequest {
  readonly head: Head;
  readonly incoming: Incoming;
  /** 1 for the first request of its connection. */
  readonly order: number;
  readonly content: Promise<Content>;
  readonly #socket: Socket;
  #held = false;
  readonly #settle: (content: Content | PromiseLike<Content>) => void;

  constructor(head: Head, incoming: Incoming, socket: Socket, order: number) {
    this.head = head;
    this.incoming = incoming;
    this.#socket = socket;
    this.order = order;
    const { promise, resolve } = Promise.withResolvers<Content>();
    this.content = promise;
    this.#settle = resolve;
  }

  get method(): string {
    return this.head.line.split(" ")[0] ?? "";
  }

  /** The request target as it was on the wire. */
  get target(): string {
    return this.head.line.slice(this.method.length + 1).replace(/ HTTP\/1\.[01]$/, "");
  }

  /** Sends bytes; text goes one byte per character. */
  send(bytes: string | Buffer): Promise<void> {
    return write(this.#socket, bytes);
  }

  /** A whole, well-formed answer on a connection that stays. */
  answer(content = "ok", fields: readonly string[] = [], status = "200 OK"): Promise<void> {
    const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${content.length}`, ...fields];
    return this.send(`${lines.join("\r\n")}\r\n\r\n${content}`);
  }

  /** Sends the last bytes of a connection. */
  async last(bytes: string | Buffer): Promise<void> {
    await this.send(bytes);
    this.end();
  }

  /** Resolves when the connection is closed on both sides. */
  get closed(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once("close", () => resolve());
    });
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Takes no more bytes off the wire, the request's content included. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** From now on the script alone has the connection, and ends it. Call before the first `await`. */
  takeOver(): void {
    this.#held = true;
  }

  /** Reads content, unless the script does; answers whether the connection goes on. */
  async readContent(): Promise<boolean> {
    if (this.#held) return false;
    this.#settle(readContent(this.incoming, this.head, "none"));
    return (await this.content).complete;
  }

  discard(): void {
    this.#socket.destroy();
  }
}

/** A case's part of the backend: its own script and its own record. */
export interface BackendPart {
  /** What is done with each request of this case; an answer "ok" by default. */
  script: Script;
  readonly requests: BackendRequest[];
  /** The next request that comes. */
  next(): Promise<BackendRequest>;
}

const TOKEN = /k[0-9a-f]{10}k/;

/**
 * One port on which every case has its own backend: requests are distinguished by a token in their
 * header section, so that cases can run at the same time over shared connections.
 */
export class RecordingBackend {
  /** Heads without a known token: unexpected requests. */
  readonly strays: Head[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #parts = new Map<
    string,
    { part: BackendPart; waiting: ((r: BackendRequest) => void)[] }
  >();

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
  }

  static async listen(port: number): Promise<RecordingBackend> {
    const backend = new RecordingBackend();
    await new Promise<void>((resolve, reject) => {
      backend.#server.once("error", reject);
      backend.#server.listen(port, "127.0.0.1", resolve);
    });
    return backend;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  part(token: string): BackendPart {
    const waiting: ((request: BackendRequest) => void)[] = [];
    const part: BackendPart = {
      script: answerWhenWhole,
      requests: [],
      next: () => new Promise((resolve) => void waiting.push(resolve)),
    };
    this.#parts.set(token, { part, waiting });
    return part;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => this.#sockets.delete(socket));
    const incoming = new Incoming(socket, Infinity);
    // A peer that has closed its side reads no answer that anyone waits for.
    socket.on("end", () => socket.end());
    try {
      for (let order = 1; ; order += 1) {
        const head = await readHead(incoming);
        const request = new BackendRequest(head, incoming, socket, order);
        this.#record(request);
        if (!(await request.readContent())) return;
      }
    } catch {
      // The connection has ended, which is what ends a connection's work.
    }
  }

  #record(request: BackendRequest): void {
    const found = this.#parts.get(TOKEN.exec(request.head.text)?.[0] ?? "");
    if (found === undefined) {
      this.strays.push(request.head);
      void answerWhenWhole(request);
      return;
    }
    found.part.requests.push(request);
    found.waiting.shift()?.(request);
    // A script ends when the connection ends under it; what that means, the case sees at its client.
    Promise.try(found.part.script, request).catch(() => undefined);
  }
}

async function answerWhenWhole(request: BackendRequest): Promise<void> {
  if ((await request.content).complete) await request.answer();
}
