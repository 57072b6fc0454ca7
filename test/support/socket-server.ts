import { createServer, type Server, type ServerOpts, type Socket } from "node:net";
import type { Stage } from "./stage.ts";

/**
 * Listens on a port of the system's choice and hands out what connects there, until the test is
 * over. Answers its address as a URL.
 */
export async function startSocketServer(
  stage: Stage,
  onSocket: (socket: Socket) => void,
  options: ServerOpts = {},
): Promise<string> {
  const server = createServer(options);
  return `http://127.0.0.1:${await listen(stage, server, "connection", onSocket)}`;
}

/** Has a server listen until the test is over; `event` is emitted for its sockets. */
export async function listen(
  stage: Stage,
  server: Server,
  event: "connection" | "secureConnection",
  onSocket: (socket: Socket) => void,
  host = "127.0.0.1",
): Promise<number> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  stage.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A port without a listener: the system has just reported it as free. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === "object" && address !== null ? address.port : 0;
}
