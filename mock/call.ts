import type { IncomingMessage, ServerResponse } from "node:http";

/** One request to the mock, and where its answer goes. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Name of the mock that answers. */
  readonly server: string;
  readonly method: string;
  /** As sent, neither decoded nor normalized, so that a tester sees what a gateway changed. */
  readonly path: string;
  /** What followed the "?", as sent; empty without one. */
  readonly search: string;
  readonly query: URLSearchParams;
  /** Bytes that came with a request to upgrade; undefined when it asks for no WebSocket. */
  readonly upgradeHead: Buffer | undefined;
}

/** Answers with JSON. `fields` are names and values in turn, so that a name may come twice. */
export function answerJson(
  call: Call,
  status: number,
  value: object,
  fields: readonly string[] = [],
): void {
  const body = `${JSON.stringify(value)}\n`;
  // By default `end` makes a body chunked if the connection is to be closed.
  const length = String(Buffer.byteLength(body));
  const described = ["Content-Type", "application/json", "Content-Length", length, ...fields];
  call.response.writeHead(status, described);
  call.response.end(body);
}

/** Answers with JSON that says, in a sentence, why there is nothing better to answer. */
export function answerError(
  call: Call,
  status: number,
  error: string,
  fields: readonly string[] = [],
): void {
  answerJson(call, status, { server: call.server, error }, fields);
}

/** Answers without a body. `fields` are names and values in turn. */
export function answerEmpty(call: Call, status: number, fields: readonly string[] = []): void {
  call.response.writeHead(status, [...fields]);
  call.response.end();
}
