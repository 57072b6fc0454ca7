import { nginxPreamble, nginxTemporary } from "./backend.ts";
import { SERVER_NAME } from "./certificate.ts";
import type { Contestant } from "./contestant.ts";

/** Proxies that come from the distribution, each with one worker, for the one core there is. */
export function nativeContestants(): Contestant[] {
  return [nginxFor(8_192), haproxy, caddy];
}

/** For more connections than in other workloads, as it holds memory for each in advance. */
export const idleNginx = (): Contestant => nginxFor(24_000);

function fromDebian(program: string): string | undefined {
  return Bun.which(program) === null ? `apt-get install ${program}` : undefined;
}

/** nginx with one worker that takes so many connections, those to backends included. */
const nginxFor = (connections: number): Contestant => ({
  key: "nginx",
  name: "nginx, access_log and limit_req",
  missing: fromDebian("nginx"),
  speaks: ["websocket", "https", "h2", "h2c"],
  http2Apart: true,
  general: true,
  async prepare({ stage, ports, certificate, backend }) {
    const config = await stage.write(
      "nginx.conf",
      `${nginxPreamble(stage.folder, "nginx", connections)}
http {
  ${nginxTemporary(stage.folder)}
  access_log ${stage.path("nginx.access.log")} combined;
  limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
  keepalive_requests 1000000000;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream backend { server 127.0.0.1:${backend.port}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${ports.http} backlog=4096;
    listen 127.0.0.1:${ports.http2} http2 backlog=4096;
    listen 127.0.0.1:${ports.tls} ssl http2 backlog=4096;
    ssl_certificate ${certificate.certificate};
    ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3;
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
  speaks: ["websocket"],
  general: true,
  async prepare({ stage, ports, backend }) {
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
  bind 127.0.0.1:${ports.http} backlog 4096
  default_backend backends
backend backends
  server backend 127.0.0.1:${backend.port}
`,
    );
    return { command: [Bun.which("haproxy") ?? "haproxy", "-db", "-f", config] };
  },
};

const caddy: Contestant = {
  key: "caddy",
  name: "Caddy, access log",
  missing: fromDebian("caddy"),
  speaks: ["websocket", "https", "h2", "h2c"],
  general: true,
  async prepare({ stage, ports, certificate, backend }) {
    const config = await stage.write(
      "Caddyfile",
      `{
  admin off
  auto_https off
  default_sni ${SERVER_NAME}
  servers {
    protocols h1 h2 h2c
  }
}
(proxy) {
  log {
    output file ${stage.path("caddy.access.log")}
  }
  reverse_proxy 127.0.0.1:${backend.port}
}
http://127.0.0.1:${ports.http} {
  import proxy
}
https://127.0.0.1:${ports.tls}, https://${SERVER_NAME}:${ports.tls} {
  tls ${certificate.certificate} ${certificate.key}
  import proxy
}
`,
    );
    return {
      command: [Bun.which("caddy") ?? "caddy", "run", "--config", config, "--adapter", "caddyfile"],
      env: { XDG_DATA_HOME: stage.folder, XDG_CONFIG_HOME: stage.folder },
    };
  },
};
