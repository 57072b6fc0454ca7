import { afterEach } from "bun:test";
import { connect } from "node:net";
import { type MockBackend, type MockOptions, startMock } from "../../../mock/server.ts";

/** Gives a starter of mocks on free ports, all of which are stopped after each test. */
export function mocks(): (options?: Partial<MockOptions>) => MockBackend {
  const started: MockBackend[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((mock) => mock.stop()));
  });
  return (options = {}) => {
    const mock = startMock({
      port: 0,
      host: "127.0.0.1",
      name: "Mock-1",
      latency: 0,
      failRate: 0,
      ...options,
    });
    started.push(mock);
    return mock;
  };
}

/** What a raw client receives until the mock closes the connection. */
export function converse(port: number, sent: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(sent));
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
  });
}

/** A request without a body, after whose answer the connection is to be closed. */
export function rawRequest(method: string, target: string, fields: readonly string[] = []): string {
  return [
    `${method} ${target} HTTP/1.1`,
    "Host: mock",
    "Connection: close",
    ...fields,
    "",
    "",
  ].join("\r\n");
}
