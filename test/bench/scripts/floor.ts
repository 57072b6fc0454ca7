/**
 * The minimal proxy on this runtime: the request goes to fetch, and fetch's Response goes out. Not a
 * proxy to use: it strips nothing, limits nothing and logs nothing.
 */
const {
  PORT = "8080",
  TLS_PORT = "8443",
  CERTIFICATE = "",
  KEY = "",
  BACKEND = "http://127.0.0.1:9001",
} = process.env;

interface Relay {
  readonly path: string;
  backend?: WebSocket;
}

const options: Bun.Serve.Options<Relay> = {
  hostname: "127.0.0.1",
  development: false,
  reusePort: false,
  idleTimeout: 0,
  fetch(request, server) {
    const { url, method, headers, body } = request;
    const path = url.slice(url.indexOf("/", "http://".length));
    if (path === "/ws" && server.upgrade(request, { data: { path } })) return undefined;
    return fetch(BACKEND + path, {
      method,
      headers,
      body,
      redirect: "manual",
      decompress: false,
    });
  },
  websocket: {
    open(client) {
      const backend = new WebSocket(BACKEND.replace("http", "ws") + client.data.path);
      client.data.backend = backend;
      backend.addEventListener("message", ({ data }: MessageEvent<string>) => client.send(data));
      backend.addEventListener("close", () => client.close());
    },
    async message({ data: { backend } }, message) {
      if (backend?.readyState === WebSocket.CONNECTING) {
        await new Promise((resolve) => {
          backend.addEventListener("open", resolve, { once: true });
        });
      }
      backend?.send(message);
    },
    close({ data: { backend } }) {
      backend?.close();
    },
  },
};

Bun.serve({ ...options, port: Number(PORT) });
if (KEY !== "") {
  Bun.serve({
    ...options,
    port: Number(TLS_PORT),
    tls: { cert: Bun.file(CERTIFICATE), key: Bun.file(KEY) },
  });
}
