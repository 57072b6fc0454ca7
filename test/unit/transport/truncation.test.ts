import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { hasOpenssl, issuedForAll } from "../../support/certificates.ts";
import { listen, startSocketServer } from "../../support/socket-server.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { contentOf, startPool } from "./support.ts";

const stage = createStage();
const local = issuedForAll("local", "IP:127.0.0.1");

/** A backend over TLS 1.2, whose alerts are not encrypted beyond recognition, that answers and closes. */
async function startClosing(answer: string): Promise<number> {
  const server = createServer({ cert: local.cert, key: local.key, maxVersion: "TLSv1.2" });
  return listen(stage, server, "secureConnection", (socket) => {
    socket.once("data", () => socket.end(answer));
  });
}

const ALERT = 21;
const HEAD_LENGTH = 5;

/** Passes on what a backend says, but for the alerts that announce the end of TLS. */
function startWithoutCloseNotify(backendPort: number): Promise<string> {
  return startSocketServer(stage, (client: Socket) => {
    const backend = connect(backendPort, "127.0.0.1");
    stage.defer(() => backend.destroy());
    client.on("data", (bytes) => backend.write(bytes));
    let bytes: Buffer = Buffer.alloc(0);
    backend.on("data", (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      while (bytes.length >= HEAD_LENGTH) {
        const end = HEAD_LENGTH + bytes.readUInt16BE(3);
        if (bytes.length < end) return;
        if (bytes[0] !== ALERT) client.write(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
      }
    });
    backend.on("end", () => client.end());
  });
}

describe.skipIf(!hasOpenssl)(
  "an https answer that a third party cuts off without close_notify",
  () => {
    const ask = async (answer: string) => {
      const url = await startWithoutCloseNotify(await startClosing(answer));
      const { send } = startPool(stage);
      return contentOf(await send(url.replace("http:", "https:"), { tls: { ca: local.ca } }));
    };

    test.each([
      ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
      ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ])("is incomplete where it has %s", async (_name, answer) => {
      expect(await rejection(ask(answer))).toMatchObject({ code: "ECONNRESET" });
    });

    // The runtime reports both ends of a connection in the same way, `Bun.connect` and node:tls alike.
    // When this fails, it distinguishes them, and the answer must be broken off (RFC 9112 section 9.8).
    test("cannot be distinguished from a complete one if only the connection's end marks it", async () => {
      expect(await ask("HTTP/1.1 200 OK\r\n\r\nhalf")).toBe("half");
    });
  },
);
