import { systemClock } from "../../src/time/clock.ts";
import { FakeOpenidProvider } from "./fake-openid-provider.ts";
import type { Stage } from "./stage.ts";

/** The fake OpenID provider on a port of this machine, with TLS if there is a certificate. */
export function serveOpenidProvider(
  stage: Stage,
  tls?: { readonly cert: string; readonly key: string },
): {
  readonly issuer: string;
  readonly provider: FakeOpenidProvider;
} {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls !== undefined && { tls }),
    async fetch({ url, method, headers, body: stream }) {
      const body = new URLSearchParams(stream === null ? "" : await new Response(stream).text());
      try {
        return await provider.fetch(url, { method, headers, body });
      } catch {
        return new Response(null, { status: 503 });
      }
    },
  });
  stage.defer(() => server.stop(true));
  const issuer = `${tls === undefined ? "http" : "https"}://localhost:${server.port}/`;
  const provider = new FakeOpenidProvider(systemClock, issuer);
  return { issuer, provider };
}
