import { connect, type Socket } from "node:net";

/** Downloads that go on and on, read as they come. */
export interface HeldStreams {
  /** How many have broken off up to now. */
  readonly broken: number;
  end(): Promise<void>;
}

const FLOWING_WITHIN_MS = 10_000;

/** Opens `count` streams and waits until all of them flow. Plain sockets: fetch has a limit. */
export async function holdStreams(url: string, count: number): Promise<HeldStreams> {
  const { hostname, port, pathname, search } = new URL(url);
  const sockets: Socket[] = [];
  let broken = 0;
  let ending = false;
  const flowing = Array.from(
    { length: count },
    () =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
        });
        sockets.push(socket);
        socket.once("data", () => resolve());
        socket.resume();
        socket.on("error", () => {});
        socket.on("close", () => {
          if (!ending) broken += 1;
          resolve();
        });
      }),
  );
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FLOWING_WITHIN_MS);
  await Promise.race([Promise.all(flowing), late]);
  clearTimeout(timer);
  return {
    get broken() {
      return broken;
    },
    async end() {
      ending = true;
      await Promise.all(
        sockets.map(
          (socket) =>
            new Promise<void>((done) => {
              if (socket.destroyed) return done();
              socket.once("close", () => done());
              socket.destroy();
            }),
        ),
      );
    },
  };
}
