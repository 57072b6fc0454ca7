import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";

/** An answer over TLS, and what the connection was. */
export interface TlsAnswer {
  readonly text: string;
  readonly status: number;
  /** The names of the server's certificate. */
  readonly names: string;
  readonly version: string | null;
  readonly isResumed: boolean;
  readonly session: Buffer | undefined;
}

/** Sends one request on a connection of its own and reads up to its end. Rejects if TLS fails. */
export function askTls(
  url: string,
  target: string,
  options: ConnectionOptions,
  fields: readonly string[] = [],
): Promise<TlsAnswer> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    let session: Buffer | undefined;
    let text = "";
    const where = options.socket === undefined ? { host: hostname, port: Number(port) } : {};
    const socket: TLSSocket = connect({ ...where, ...options });
    let connection: Pick<TlsAnswer, "names" | "version" | "isResumed"> | undefined;
    socket.on("secureConnect", () => {
      connection = {
        names: socket.getPeerCertificate().subjectaltname ?? "",
        version: socket.getProtocol(),
        isResumed: socket.isSessionReused(),
      };
      const asked = options.servername ?? host;
      const lines = [`GET ${target} HTTP/1.1`, `Host: ${asked}`, "Connection: close", ...fields];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
    socket.on("session", (given) => (session = given));
    socket.on("data", (bytes) => (text += bytes.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => {
      if (connection === undefined || text === "") reject(new Error("the server closed"));
      else resolve({ text, session, status: Number(text.split(" ")[1]), ...connection });
    });
  });
}
