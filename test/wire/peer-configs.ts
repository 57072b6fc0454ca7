/** How long the proxies of a comparison wait for a silent peer, so that all are asked the same. */
export const TIMEOUT_SECONDS = 2;

/** A proxy that the same cases are run against. */
export interface Peer {
  readonly name: string;
  /** Where its executable is; the first that exists is taken. */
  readonly programs: readonly string[];
  readonly file: string;
  readonly config: (port: number, backend: number, folder: string) => string;
  readonly args: (file: string, folder: string) => readonly string[];
  readonly version: readonly string[];
}

const T = TIMEOUT_SECONDS;

/** Plain reverse proxies as an operator at the edge would write them: `/public/` leads somewhere. */
export const peers: readonly Peer[] = [
  {
    name: "nginx",
    programs: ["/usr/sbin/nginx", "/usr/bin/nginx"],
    file: "nginx.conf",
    version: ["-v"],
    args: (file, folder) => ["-e", "stderr", "-p", folder, "-c", file],
    config: (port, backend, folder) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  client_header_timeout ${T}s;
  client_body_timeout ${T}s;
  keepalive_timeout 10s;
  client_max_body_size 100m;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream backend { server 127.0.0.1:${backend} max_fails=0; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / { return 404; }
    location /public/ {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_connect_timeout ${T}s;
      proxy_send_timeout ${T}s;
      proxy_read_timeout ${T}s;
    }
  }
}
`,
  },
  {
    name: "HAProxy",
    programs: ["/usr/sbin/haproxy", "/usr/bin/haproxy"],
    file: "haproxy.cfg",
    version: ["-v"],
    args: (file) => ["-db", "-q", "-f", file],
    config: (port, backend) => `
global
  maxconn 4000
defaults
  mode http
  timeout connect ${T}s
  timeout client ${T}s
  timeout server ${T}s
  timeout http-request ${T}s
  timeout http-keep-alive 10s
  timeout tunnel 1h
  option http-keep-alive
  option abortonclose
  retries 2
frontend clients
  bind 127.0.0.1:${port}
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request deny deny_status 413 if { req.hdr_val(content-length) gt 100000000 }
  http-request return status 404 unless { path_beg /public/ }
  default_backend servers
backend servers
  http-reuse safe
  server one 127.0.0.1:${backend}
`,
  },
  {
    name: "Caddy",
    programs: ["/usr/bin/caddy"],
    file: "Caddyfile",
    version: ["version"],
    args: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    config: (port, backend) => `
{
  admin off
  auto_https off
  log {
    output discard
  }
  servers {
    timeouts {
      read_header ${T}s
      read_body ${T}s
      idle 10s
    }
  }
}
http://:${port} {
  bind 127.0.0.1
  handle /public/* {
    request_body {
      max_size 100MB
    }
    reverse_proxy 127.0.0.1:${backend} {
      header_up X-Real-IP {remote_host}
      header_up X-Request-Id {http.request.uuid}
      transport http {
        dial_timeout ${T}s
        response_header_timeout ${T}s
      }
    }
  }
  handle {
    respond 404
  }
}
`,
  },
];
