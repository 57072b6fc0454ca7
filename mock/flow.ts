import type { Call } from "./call.ts";

/** Waits for that many milliseconds; false, at once, if the client leaves meanwhile. */
export function pause(call: Call, milliseconds: number): Promise<boolean> {
  const { socket } = call.request;
  if (socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const leave = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      socket.off("close", leave);
      resolve(true);
    }, milliseconds);
    socket.once("close", leave);
  });
}

/** Sends a piece of the body and waits until there is room for more; false when the client left. */
export function send(call: Call, piece: string | Uint8Array): Promise<boolean> {
  const { request, response } = call;
  const { socket } = request;
  if (socket.destroyed) return Promise.resolve(false);
  if (response.write(piece)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const proceed = () => {
      socket.off("close", leave);
      resolve(true);
    };
    const leave = () => {
      response.off("drain", proceed);
      resolve(false);
    };
    response.once("drain", proceed);
    socket.once("close", leave);
  });
}
