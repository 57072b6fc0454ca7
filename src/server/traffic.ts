import type { Gateway } from "../runtime/gateway.ts";
import { Listener, type ListenerOptions } from "./listener/listener.ts";

/** Opens the clients' port. Throws if it cannot be opened. */
export function listenForTraffic(
  gateway: Gateway,
  options: Omit<ListenerOptions, "handle">,
): Listener {
  return new Listener({ ...options, handle: (request) => gateway.handle(request) });
}
