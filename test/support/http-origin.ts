import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "./stage.ts";

type Answering = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** An origin server that decides when heads and content leave, unlike Bun.serve. */
export async function startOrigin(
  stage: Stage,
  pages: Readonly<Record<string, Answering>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url ?? "/", "http://origin").pathname];
    if (page === undefined) {
      response.writeHead(404).end();
      return;
    }
    Promise.resolve(page(request, response)).catch(() => response.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  stage.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A page with content that can be had in parts (RFC 9110 section 14). */
export function fileOf(content: Buffer): Answering {
  return (request, response) => {
    const common = { "accept-ranges": "bytes", etag: '"v1"', "content-type": "text/plain" };
    const [, from, to] = /^bytes=([0-9]+)-([0-9]*)$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined) {
      response.writeHead(200, { ...common, "content-length": content.length });
      response.end(request.method === "HEAD" ? undefined : content);
      return;
    }
    const end = to === "" ? content.length : Math.min(Number(to) + 1, content.length);
    const part = content.subarray(Number(from), end);
    response.writeHead(206, {
      ...common,
      "content-length": part.length,
      "content-range": `bytes ${from}-${end - 1}/${content.length}`,
    });
    response.end(part);
  };
}

/** The content of a request, when it is there. */
export async function contentOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
