import { truncateSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { freePort, type Stage } from "./stage.ts";

/** Paths that the backend answers, whichever it is. */
export const paths = {
  /** About 90 bytes of JSON. */
  small: "/api/users/1",
  /** Takes a POST. */
  post: "/echo",
  /** The same small answer for all paths below. */
  below: "/echo/",
  /** JSON that can be compressed, like an API's. */
  json10k: "/json/10k",
  json1m: "/json/1m",
  megabyte: "/bytes/1MiB",
  hundredMegabytes: "/bytes/100MiB",
  /** A chunk each 100 ms, for a minute. */
  slowStream: "/stream/600?size=1KiB&interval=100ms",
  webSocket: "/ws",
} as const;

export interface Backend {
  readonly name: string;
  readonly port: number;
}

/**
 * Starts the mock and, if nginx is installed, an nginx in front of it that answers what it can itself,
 * at a fraction of the load.
 */
export async function startBackend(stage: Stage, gateway: string): Promise<Backend> {
  const mockPort = await freePort();
  await stage.start({
    name: "the mock backend",
    command: [gateway, "mock", "--port", `${mockPort}`],
    pinned: false,
    ports: [mockPort],
  });
  const nginx = Bun.which("nginx");
  if (nginx === null) return { name: "gateway mock", port: mockPort };
  writeFileSync(stage.path("10k"), jsonOf(10_000));
  writeFileSync(stage.path("1m"), jsonOf(1_000_000));
  const port = await freePort();
  const one = stage.path("1MiB");
  const hundred = stage.path("100MiB");
  writeFileSync(one, "");
  writeFileSync(hundred, "");
  truncateSync(one, 2 ** 20);
  truncateSync(hundred, 100 * 2 ** 20);
  const config = await stage.write("backend.conf", nginxConfig(stage.folder, port, mockPort));
  await stage.start({
    name: "the nginx backend",
    command: [nginx, "-c", config],
    pinned: false,
    ports: [port],
  });
  return { name: "nginx", port };
}

function nginxConfig(folder: string, port: number, mockPort: number): string {
  return `${nginxPreamble(folder, "backend")}
http {
  ${nginxTemporary(folder)}
  access_log off;
  keepalive_requests 1000000000;
  default_type application/json;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 0;
    location / { return 200 '${JSON.stringify(SMALL)}'; }
    location /bytes/ { root ${folder}; sendfile on; default_type application/octet-stream; rewrite ^/bytes/(.*)$ /$1 break; }
    location /json/ { root ${folder}; sendfile on; rewrite ^/json/(.*)$ /$1 break; }
    location /stream/ { proxy_pass http://127.0.0.1:${mockPort}; proxy_http_version 1.1; proxy_buffering off; }
    location /ws {
      proxy_pass http://127.0.0.1:${mockPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;
}

/** A list of records, of about so many bytes. */
function jsonOf(bytes: number): string {
  const records: string[] = [];
  let length = 2;
  for (let id = 1; length < bytes; id += 1) {
    const record = JSON.stringify({
      id,
      name: `${NAMES[(id * 7) % NAMES.length]} ${NAMES[(id * 13) % NAMES.length]}`,
      email: `user${(id * 7_919) % 99_991}@example.com`,
      created: new Date(Date.UTC(2026, 0, 1) + id * 7_919_000).toISOString(),
      balance: ((id * 104_729) % 1_000_003) / 100,
      active: id % 3 === 0,
      tags: NAMES.slice(id % 5, (id % 5) + (id % 3)),
    });
    records.push(record);
    length += record.length + 1;
  }
  return `[${records.join(",")}]`;
}

const NAMES = ["Ada", "Grace", "Barbara", "Edsger", "Donald", "Niklaus", "Frances", "Tony", "Alan"];

const SMALL = {
  id: 1,
  name: "Ada Lovelace",
  email: "ada@example.com",
  created: "2026-01-01T00:00:00Z",
};

/** The settings of an nginx with one worker that runs in its own folder, in the foreground. */
export function nginxPreamble(folder: string, name: string, connections = 8_192): string {
  // A worker under another name could not enter the folder.
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `daemon off;
${user}
worker_processes 1;
pid ${folder}/${name}.pid;
error_log ${folder}/${name}.error.log;
worker_rlimit_nofile ${Math.min(2 * connections, 20_000)};
events { worker_connections ${connections}; }`;
}

/** Places for nginx's temporary files. */
export function nginxTemporary(folder: string): string {
  return ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/nginx_${kind};`)
    .join(" ");
}
