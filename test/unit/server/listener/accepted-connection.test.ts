import { expect, test } from "bun:test";
import { AcceptedConnection } from "../../../../src/server/listener/accepted-connection.ts";
import { Line } from "../../../../src/transport/line.ts";

test("an accepted connection has its peer, and is open until its line has ended", () => {
  const line = new Line();
  const connection = new AcceptedConnection({ address: "192.0.2.1", port: 7 }, undefined, line);
  expect(connection).toMatchObject({ peer: "192.0.2.1", peerPort: 7, tls: undefined });
  expect(connection.isOpen).toBe(true);
  line.end("close");
  expect(connection.isOpen).toBe(false);
});
