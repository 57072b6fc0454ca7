import { nginxPreamble, nginxTemporary } from "./backend.ts";
import type { Contestant } from "./contestant.ts";
import { gatewayWithRoute } from "./gateway.ts";

/** Levels of gzip that all of them have: the fastest one, which is nginx's default, and Caddy's default. */
const LEVELS = [1, 5] as const;

/** Proxies that compress and do little else, at equal levels. */
export function compressing(gateway: string): Contestant[] {
  return [
    ...LEVELS.flatMap((level) => [
      gatewayWithRoute(gateway, `gateway-gzip-${level}`, `this gateway, gzip ${level}`, {
        compress: { algorithms: ["gzip"], levels: { gzip: level } },
      }),
      nginx(level),
      caddy(level),
    ]),
    gatewayWithRoute(gateway, "gateway-zstd", "this gateway, zstd 3", {
      compress: { algorithms: ["zstd"] },
    }),
    gatewayWithRoute(gateway, "gateway-br", "this gateway, br 4", {
      compress: { algorithms: ["br"] },
    }),
    gatewayWithRoute(gateway, "gateway-plain", "this gateway, without compression", {}),
  ].filter(({ missing }) => missing === undefined);
}

const nginx = (level: number): Contestant => ({
  key: `nginx-gzip-${level}`,
  name: `nginx, gzip ${level}`,
  missing: Bun.which("nginx") === null ? "apt-get install nginx" : undefined,
  speaks: [],
  general: false,
  async prepare({ stage, ports, backend }) {
    const name = `nginx-gzip-${level}`;
    const config = await stage.write(
      `${name}.conf`,
      `${nginxPreamble(stage.folder, name)}
http {
  ${nginxTemporary(stage.folder)}
  access_log ${stage.path(`${name}.access.log`)} combined;
  keepalive_requests 1000000000;
  upstream backend { server 127.0.0.1:${backend.port}; keepalive 512; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${ports.http} backlog=4096;
    gzip on;
    gzip_comp_level ${level};
    gzip_min_length 1024;
    gzip_types application/json;
    gzip_vary on;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
    );
    return { command: [Bun.which("nginx") ?? "nginx", "-c", config] };
  },
});

const caddy = (level: number): Contestant => ({
  key: `caddy-gzip-${level}`,
  name: `Caddy, gzip ${level}`,
  missing: Bun.which("caddy") === null ? "apt-get install caddy" : undefined,
  speaks: [],
  general: false,
  async prepare({ stage, ports, backend }) {
    const name = `caddy-gzip-${level}`;
    const config = await stage.write(
      `${name}.caddyfile`,
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${ports.http} {
  log {
    output file ${stage.path(`${name}.access.log`)}
  }
  encode {
    gzip ${level}
    minimum_length 1024
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
