import { normalizeAddress } from "../../http/address.ts";
import type { Asker } from "./access.ts";

export interface AdminListenOptions {
  readonly host: string;
  readonly port: number;
  /** The answer to a client that is not the operator; undefined for the operator. */
  readonly refuse: (asker: Asker) => Response | undefined;
  readonly handle: (request: Request) => Promise<Response>;
}

/** Opens the operator's port. Throws when it cannot be opened. */
export function listenForAdmin(options: AdminListenOptions) {
  return Bun.serve({
    hostname: options.host,
    port: options.port,
    reusePort: false,
    development: false,
    async fetch(request, server) {
      const { headers } = request;
      const address = server.requestIP(request);
      const refusal = options.refuse({
        peer: normalizeAddress(address?.address ?? ""),
        peerPort: address?.port ?? 0,
        port: server.port ?? 0,
        host: headers.get("host") ?? "",
        headers,
      });
      return refusal ?? options.handle(request);
    },
  });
}

/** The answer to a client that does not send the token. */
export function tokenWanted(): Response {
  return new Response("this is the gateway's operator port; it requires the configured token\n", {
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="gateway"' },
  });
}

/** The answer to a client that is not known to be a program on this machine. */
export function localOnly(): Response {
  return new Response(
    "this is the gateway's operator port; without admin.token it answers only programs on this machine that request localhost and its port, directly\n",
    { status: 403 },
  );
}
