import { nginxPreamble, nginxTemporary } from "./backend.ts";
import type { Certificate, Contestant } from "./contestant.ts";
import type { Stage } from "./stage.ts";

/** Proxies that come from the distribution, each with one worker, for the one core there is. */
export function nativeContestants(): Contestant[] {
  return [nginxFor({ key: "nginx", connections: 8_192 }), haproxy, caddyFor({ key: "caddy" })];
}

/** For more connections than in other workloads, as it holds memory for each in advance. */
export const idleNginx = (options: Secured): Contestant =>
  nginxFor({ ...options, connections: 24_000 });

function fromDebian(program: string): string | undefined {
  return Bun.which(program) === null ? `apt-get install ${program}` : undefined;
}

interface Secured {
  readonly key: string;
  /** What it accepts TLS with, instead of plain connections. */
  readonly certificate?: (stage: Stage) => Promise<Certificate>;
}

/** nginx with one worker that takes so many connections, those to backends included. */
export const nginxFor = ({
  key,
  connections,
  certificate,
}: Secured & { readonly connections: number }): Contestant => ({
  key,
  name: "nginx, access_log and limit_req",
  missing: fromDebian("nginx"),
  webSockets: true,
  general: true,
  async prepare({ stage, port, backend }) {
    const own = await certificate?.(stage);
    const tls = own && `ssl_certificate ${own.certificate}; ssl_certificate_key ${own.key};`;
    const config = await stage.write(
      `${key}.conf`,
      `${nginxPreamble(stage.folder, key, connections)}
http {
  ${nginxTemporary(stage.folder)}
  access_log ${stage.path(`${key}.access.log`)} combined;
  limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
  keepalive_requests 1000000000;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream backend { server 127.0.0.1:${backend.port}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ${own === undefined ? "" : "ssl "}backlog=4096;
    ${tls ?? ""}
    client_max_body_size 0;
    location / {
      limit_req zone=clients burst=1000000 nodelay;
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
    );
    return { command: [Bun.which("nginx") ?? "nginx", "-c", config] };
  },
});

const haproxy: Contestant = {
  key: "haproxy",
  name: "HAProxy",
  missing: fromDebian("haproxy"),
  webSockets: true,
  general: true,
  async prepare({ stage, port, backend }) {
    const config = await stage.write(
      "haproxy.cfg",
      `global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  option forwardfor
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend backends
backend backends
  server backend 127.0.0.1:${backend.port}
`,
    );
    return { command: [Bun.which("haproxy") ?? "haproxy", "-db", "-f", config] };
  },
};

export const caddyFor = ({ key, certificate }: Secured): Contestant => ({
  key,
  name: "Caddy, access log",
  missing: fromDebian("caddy"),
  webSockets: true,
  general: true,
  async prepare({ stage, port, backend }) {
    const own = await certificate?.(stage);
    const tls = own && `tls ${own.certificate} ${own.key}`;
    const config = await stage.write(
      `Caddyfile-${key}`,
      `{
  admin off
  auto_https off
}
${own === undefined ? "http" : "https"}://127.0.0.1:${port} {
  ${tls ?? ""}
  log {
    output file ${stage.path(`${key}.access.log`)}
  }
  reverse_proxy 127.0.0.1:${backend.port}
}
`,
    );
    return {
      command: [Bun.which("caddy") ?? "caddy", "run", "--config", config, "--adapter", "caddyfile"],
      env: { XDG_DATA_HOME: stage.folder, XDG_CONFIG_HOME: stage.folder },
    };
  },
});
