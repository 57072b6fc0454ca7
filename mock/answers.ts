import { STATUS_CODES } from "node:http";
import { gzipSync } from "node:zlib";
import { readBody } from "./body.ts";
import { type Call, answerEmpty, answerJson } from "./call.ts";
import { pause } from "./flow.ts";
import type { Handler, Route } from "./router.ts";
import { BadValue, readDuration, readWholeNumber } from "./values.ts";

const REDIRECTS = ["301", "302", "303", "307", "308"];

/** Reads the status of a final answer. Throws BadValue. */
export function readStatus(name: string, written: string): number {
  return readWholeNumber(name, written, 200, 599);
}

/** Answers with that status, and with a body if the status allows one. */
export function answerStatus(call: Call, status: number): void {
  // Without its Content-Length a 205 would be chunked; the other two never have a body.
  if (status === 205) answerEmpty(call, status, ["Content-Length", "0"]);
  else if (status === 204 || status === 304) answerEmpty(call, status);
  else answerJson(call, status, { server: call.server, status, title: STATUS_CODES[status] ?? "" });
}

const echo: Handler = async (call) => {
  const { request } = call;
  const { remoteAddress = "", remotePort = 0 } = request.socket;
  const names = request.rawHeaders;
  const fields: [name: string, value: string][] = [];
  for (let index = 0; index < names.length; index += 2) {
    fields.push([names[index] ?? "", names[index + 1] ?? ""]);
  }
  const body = await readBody(call);
  answerJson(call, 200, {
    server: call.server,
    method: call.method,
    path: call.path,
    query: call.search,
    fields,
    body: body.text,
    body_bytes: body.bytes,
    body_truncated: body.truncated,
    client: { address: remoteAddress.replace(/^::ffff:/, ""), port: remotePort },
  });
};

const redirect: Handler = (call, code) => {
  if (!REDIRECTS.includes(code)) {
    throw new BadValue(`code is "${code}"; expected one of ${REDIRECTS.join(", ")}`);
  }
  const to = call.query.get("to") ?? "/";
  if (!/^[\u0021-\u007e]+$/.test(to)) {
    throw new BadValue(`to is "${to}"; expected a URL or a path, percent-encoded, without spaces`);
  }
  answerJson(call, Number(code), { server: call.server, location: to }, ["Location", to]);
};

/** Answers on demand: an echo, a status, a delay, a redirect, cookies, compression. */
export const answerRoutes: readonly Route[] = [
  {
    path: "/echo",
    about: "Says what arrived: method, path, query, fields, body and the client's socket address.",
    on: { ANY: echo },
  },
  { path: "/echo/*", about: "The same, for any path below.", on: { ANY: echo } },
  {
    path: "/status",
    about: "Answers with 200.",
    on: { ANY: (call) => answerStatus(call, 200) },
  },
  {
    path: "/status/:code",
    about: "Answers with that status, 200 to 599.",
    on: { ANY: (call, code) => answerStatus(call, readStatus("code", code)) },
  },
  {
    path: "/delay/:duration",
    about: "Answers after that long, like 250ms or 2s; at most 10m.",
    on: {
      async ANY(call, duration) {
        const stayed = await pause(call, readDuration("duration", duration));
        if (stayed) answerJson(call, 200, { server: call.server, delay: duration });
      },
    },
  },
  {
    path: "/redirect/:code",
    about: "Redirects with 301, 302, 303, 307 or 308 to ?to=/path, or to / without it.",
    on: { ANY: redirect },
  },
  {
    path: "/cookies",
    about: "Sets two cookies, in two Set-Cookie fields.",
    on: {
      GET(call) {
        const cookies = ["session=mock; Path=/; HttpOnly", "theme=dark; Path=/"];
        const fields = cookies.flatMap((cookie) => ["Set-Cookie", cookie]);
        answerJson(call, 200, { server: call.server, cookies }, fields);
      },
    },
  },
  {
    path: "/gzip",
    about: "A body compressed with gzip, whatever Accept-Encoding says.",
    on: {
      GET(call) {
        const body = gzipSync(JSON.stringify({ server: call.server, encoding: "gzip" }));
        call.response.writeHead(200, {
          "Content-Type": "application/json",
          "Content-Encoding": "gzip",
          "Content-Length": body.length,
        });
        call.response.end(body);
      },
    },
  },
];
