import { createServer, type ServerOpts, type Socket } from "node:net";
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
  const sockets = new Set<Socket>();
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  stage.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return `http://127.0.0.1:${port}`;
}
