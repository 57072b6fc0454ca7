import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { Stage } from "./stage.ts";

type Fields = Readonly<Record<string, string | string[] | undefined>>;

/** An answer by HTTP/2. */
export interface Http2Answer {
  readonly status: number;
  readonly fields: Fields;
  readonly content: string;
  /** Statuses and fields of interim answers. */
  readonly interim: readonly { readonly status: number; readonly fields: Fields }[];
  readonly trailers: Fields;
}

/** Connects, by prior knowledge or over TLS, with the runtime's own client. */
export function http2Session(stage: Stage, url: string, ca?: Buffer): ClientHttp2Session {
  const session = connect(url, ca === undefined ? {} : { ca });
  session.on("error", () => {});
  stage.defer(() => session.destroy());
  return session;
}

export function request(
  session: ClientHttp2Session,
  path: string,
  fields: Fields = {},
  content?: string | Buffer,
): ClientHttp2Stream {
  const stream = session.request(
    { ":path": path, ...fields },
    { endStream: content === undefined },
  );
  if (content !== undefined) stream.end(content);
  return stream;
}

/** Collects an answer. Rejects if it breaks off. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    let head: Fields = {};
    let trailers: Fields = {};
    const interim: { status: number; fields: Fields }[] = [];
    const pieces: Buffer[] = [];
    stream.on("headers", (fields: Fields) =>
      interim.push({ status: Number(fields[":status"]), fields }),
    );
    stream.on("response", (fields: Fields) => (head = fields));
    stream.on("trailers", (fields: Fields) => (trailers = fields));
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("error", reject);
    stream.on("aborted", () => reject(new Error("aborted")));
    stream.on("end", () =>
      resolve({
        status: Number(head[":status"]),
        fields: head,
        content: Buffer.concat(pieces).toString("latin1"),
        interim,
        trailers,
      }),
    );
    // A stream nobody listens to does not flow.
    stream.resume();
  });
}

/** Sends one request and collects its answer. */
export function askHttp2(
  session: ClientHttp2Session,
  path: string,
  fields: Fields = {},
  content?: string | Buffer,
): Promise<Http2Answer> {
  return answerOf(request(session, path, fields, content));
}
