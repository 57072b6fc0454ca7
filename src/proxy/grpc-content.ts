import type { Field } from "../http/field.ts";
import { readGrpcStatus } from "../http/grpc.ts";
import { type ContentReader, type ReadResult, END } from "../pipeline/content.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { grpcTrailers } from "../pipeline/grpc-problems.ts";

/**
 * The content of a gRPC answer. Its status is noted; if it breaks off, it ends with a status that says
 * why, which RST_STREAM could not.
 */
export class GrpcContent implements ContentReader {
  readonly explainsFailure = true;
  readonly #source: ContentReader;
  readonly #exchange: Exchange;
  #brokenOff: readonly Field[] | undefined;

  constructor(source: ContentReader, exchange: Exchange) {
    this.#source = source;
    this.#exchange = exchange;
  }

  get length(): number | undefined {
    return this.#source.length;
  }

  get trailers(): readonly Field[] | undefined {
    return this.#brokenOff ?? this.#source.trailers;
  }

  read(): ReadResult | Promise<ReadResult> {
    const result = this.#source.read();
    if (result instanceof Promise) return this.#readLater(result);
    return this.#pass(result);
  }

  cancel(reason: unknown): Promise<void> {
    return this.#source.cancel(reason);
  }

  async #readLater(pending: Promise<ReadResult>): Promise<ReadResult> {
    try {
      return this.#pass(await pending);
    } catch (error) {
      const { cancellation } = this.#exchange;
      // A client that has left gets no status.
      if (!(error instanceof GatewayError) || cancellation.reason?.code === "client_closed") {
        throw error;
      }
      this.#exchange.fail(error.code, error.message);
      this.#brokenOff = grpcTrailers(this.#exchange, error);
      return END;
    }
  }

  #pass(result: ReadResult): ReadResult {
    if (result.value !== undefined) return result;
    const status = this.#source.trailers?.find(({ name }) => name === "grpc-status");
    this.#exchange.grpcStatus = readGrpcStatus(status?.value);
    return result;
  }
}
