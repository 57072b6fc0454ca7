import { asQueryError } from "./errors.ts";
import { LogFile } from "./log-file.ts";
import type { QueryMessage, QueryReply } from "./messages.ts";

/** The worker's side: answers one query at a time. */
export class QueryServer {
  readonly #reply: (reply: QueryReply) => void;
  #database = "";
  #file: LogFile | undefined;

  constructor(reply: (reply: QueryReply) => void) {
    this.#reply = reply;
  }

  receive(message: QueryMessage): void {
    switch (message.kind) {
      case "open":
        this.#database = message.database;
        this.#file = new LogFile(message.database);
        return;
      case "close":
        this.#file?.close();
        return;
      case "ask":
        this.#reply(this.#answerTo(message));
    }
  }

  #answerTo({ name, request, timeout }: QueryMessage & { readonly kind: "ask" }): QueryReply {
    try {
      return { kind: "answered", answer: this.#file?.ask(name, request as never, timeout) };
    } catch (error) {
      const { reason, message } = asQueryError(error, this.#database);
      return { kind: "failed", reason, message };
    }
  }
}
