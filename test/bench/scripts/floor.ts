/**
 * The minimal proxy on this runtime: the request goes to fetch, and fetch's Response goes out. Not a
 * proxy to use: it strips nothing, limits nothing and logs nothing.
 */
const { PORT = "8080", BACKEND = "http://127.0.0.1:9001" } = process.env;

interface Relay {
  readonly path: string;
  backend?: WebSocket;
}

Bun.serve<Relay>({
  port: Number(PORT),
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
});
