import type { StoreReply } from "../../src/pipeline/shared-store.ts";
import type { OpenLink, StoreLink } from "../../src/store/link.ts";

/** A command that a fake server has got. */
export interface Asked {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly answer: (reply: StoreReply) => void;
  readonly refuse: (message: string) => void;
}

/** A connection whose other side is a test. */
export class FakeLink implements StoreLink {
  /** Everything that has been sent, in its order. */
  readonly asked: Asked[] = [];
  isClosed = false;
  readonly #unanswered = new Set<(message: string) => void>();
  readonly #onClose: () => void;
  readonly #server: (asked: Asked) => void;

  constructor(server: (asked: Asked) => void, onClose: () => void) {
    this.#server = server;
    this.#onClose = onClose;
  }

  send(command: string, parameters: string[]): Promise<StoreReply> {
    if (this.isClosed) return Promise.reject(new Error("Connection closed"));
    return new Promise((resolve, reject) => {
      const refuse = (message: string): void => {
        this.#unanswered.delete(refuse);
        reject(new Error(message));
      };
      const answer = (reply: StoreReply): void => {
        this.#unanswered.delete(refuse);
        resolve(reply);
      };
      this.#unanswered.add(refuse);
      const asked = { command, parameters, answer, refuse };
      this.asked.push(asked);
      this.#server(asked);
    });
  }

  /** The gateway closes it. */
  close(): void {
    this.isClosed = true;
    this.#rejectAll("Connection closed");
  }

  /** The server closes it; the reason only reaches what is unanswered. */
  break(message = "Connection closed"): void {
    this.isClosed = true;
    this.#onClose();
    this.#rejectAll(message);
  }

  #rejectAll(message: string): void {
    for (const refuse of this.#unanswered) refuse(message);
  }
}

/** Opens connections to a server that is a function. */
export class FakeLinks {
  readonly links: FakeLink[] = [];
  /** What the server does with each command; by default it answers nothing. */
  server: (asked: Asked) => void = () => {};

  readonly open: OpenLink = (_target, onClose) => {
    const link = new FakeLink((asked) => this.server(asked), onClose);
    this.links.push(link);
    return link;
  };

  get last(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("nothing has been connected");
    return link;
  }
}

/** A network without a store. */
export const noLink: OpenLink = () => {
  throw new Error("there is no store");
};
