import { normalizeAddress } from "../../http/address.ts";
import type { OperatorCheck } from "./access.ts";

export interface AdminListenOptions {
  readonly host: string;
  readonly port: number;
  readonly isOperator: OperatorCheck;
  readonly handle: (request: Request) => Promise<Response>;
}

/** The operator's own port. Throws when it cannot be had. */
export function listenForAdmin(options: AdminListenOptions) {
  return Bun.serve({
    hostname: options.host,
    port: options.port,
    reusePort: false,
    development: false,
    async fetch(request, server) {
      const { headers } = request;
      const peer = normalizeAddress(server.requestIP(request)?.address ?? "");
      if (!options.isOperator({ peer, host: headers.get("host") ?? "", headers })) {
        return new Response(
          "this is the gateway's operator port; it takes the configured token\n",
          {
            status: 401,
            headers: { "www-authenticate": 'Bearer realm="gateway"' },
          },
        );
      }
      return options.handle(request);
    },
  });
}
