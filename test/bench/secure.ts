import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import type { Certificate, Contestant } from "./contestant.ts";
import { plainGateway } from "./gateway.ts";
import { caddyFor, idleNginx, nginxFor } from "./native.ts";
import type { Stage } from "./stage.ts";

/** Contestants that accept TLS, all with the same certificate. */
export const secureKeys = ["tls-gateway", "tls-nginx", "tls-caddy"];

const secure = (contestant: Contestant, name: string): Contestant => ({
  ...contestant,
  name,
  general: false,
  scheme: "https",
  ...(hasOpenssl ? {} : { missing: "apt-get install openssl" }),
});

/** Those whose idle connections are measured, plain and with TLS. */
export function idleContestants(path: string): Contestant[] {
  return [
    plainGateway(path, "gateway"),
    idleNginx({ key: "nginx" }),
    secure(plainGateway(path, "tls-gateway", { certificate: certificateOf }), "this gateway, TLS"),
    secure(idleNginx({ key: "tls-nginx", certificate: certificateOf }), "nginx, TLS"),
  ];
}

export function secureContestants(path: string): Contestant[] {
  const options = { certificate: certificateOf };
  return [
    secure(plainGateway(path, "tls-gateway", options), "this gateway, TLS"),
    secure(nginxFor({ key: "tls-nginx", connections: 8_192, ...options }), "nginx, TLS"),
    secure(caddyFor({ key: "tls-caddy", ...options }), "Caddy, TLS"),
  ];
}

const certificates = new WeakMap<Stage, Promise<Certificate>>();

/** An EC certificate for localhost, one for each stage. */
function certificateOf(stage: Stage): Promise<Certificate> {
  const known = certificates.get(stage) ?? makeCertificate(stage);
  certificates.set(stage, known);
  return known;
}

async function makeCertificate(stage: Stage): Promise<Certificate> {
  await makeAuthority(stage.folder, "ca");
  await issue(stage.folder, "own", "DNS:localhost,IP:127.0.0.1");
  return { certificate: stage.path("own.pem"), key: stage.path("own.key") };
}
