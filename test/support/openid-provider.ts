import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import type { Stage } from "./stage.ts";
import { SigningKey } from "./token-issuer.ts";

/** A real OpenID provider on a port of 127.0.0.1, with forms to log in and out by. */
export interface OpenidProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Takes clients that come back to these origins. Without that it answers 503. */
  open(...origins: string[]): void;
  /** Answers nobody any more. */
  close(): void;
  /** The requests that it got, method and path. */
  readonly asked: readonly string[];
}

export async function startOpenidProvider(
  stage: Stage,
  { accessTokenSeconds = 3_600 } = {},
): Promise<OpenidProvider> {
  const asked: string[] = [];
  let listener: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${new URL(request.url ?? "/", "http://op").pathname}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  stage.defer(close);
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientId = "gateway";
  const clientSecret = "a secret as long as issuers make them";
  return {
    issuer,
    clientId,
    clientSecret,
    asked,
    close,
    open(...origins) {
      const client = {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: origins.map((origin) => `${origin}/oauth2/callback`),
        post_logout_redirect_uris: origins.map((origin) => `${origin}/bye`),
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      };
      const key = new SigningKey("RS256", "key");
      const provider = new Provider(issuer, {
        clients: [client],
        jwks: { keys: [{ ...key.private.export({ format: "jwk" }), kid: key.id, use: "sig" }] },
        cookies: { keys: ["a secret of the provider's own"] },
        claims: { openid: ["sub"], email: ["email"] },
        conformIdTokenClaims: false,
        findAccount: (_context: unknown, id: string) => ({
          accountId: id,
          claims: () => ({ sub: id, email: `${id}@example.com` }),
        }),
        issueRefreshToken: () => true,
        ttl: { AccessToken: accessTokenSeconds },
        features: { revocation: { enabled: true } },
      });
      listener = provider.callback();
    },
  };
}
