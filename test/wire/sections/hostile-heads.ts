import { type Context, check, same, section } from "../case.ts";
import { answerTo, refused, refusedOrHarmless } from "../refusal.ts";

const HOST = "RFC 9112 3.2 (MUST)";

/** Request lines and fields that are not well-formed, or ask for what a proxy should not do. */
export const hostileHeads = section("hostile heads", [
  raw("no Host in HTTP/1.1", HOST, refused, ({ request }) => request({ host: null })),
  raw("two Host fields that differ", HOST, refused, ({ request }) =>
    request({ fields: ["Host: evil.test"] }),
  ),
  raw("two Host fields that agree", HOST, refused, ({ request }) =>
    request({ fields: ["Host: wire.test"] }),
  ),
  ...[
    "a b",
    "a, b",
    "a/b",
    "user@wire.test",
    "wire.test:80:80",
    "wire.test:x",
    "[::1",
    "[::1::2]",
    "[::1%25lo]",
    "wire.test:65536",
    "wire.test%",
    "wire.test%00",
    "wire.test%2fx",
    "a\tb",
    "wire.test?x",
    "wire.test#x",
    "wi\\re.test",
    "<script>",
  ].map((host) =>
    raw(`Host: ${JSON.stringify(host).slice(1, -1)}`, HOST, refused, ({ request }) =>
      request({ host }),
    ),
  ),
  ...["wire.test:", "wire.test:65535", "wi!re.test", "a,b.test", "a%41b.test", "1.2.3.4.5"].map(
    (host) =>
      [
        `Host: ${host} is taken`,
        HOST,
        async ({ ask, backend }: Context) => {
          same((await ask({ host })).status, 200, "status");
          const [seen] = backend.requests[0]?.head.all("host") ?? [];
          check(seen === host || `${seen}:` === host, `the backend got Host: ${seen}`);
          return seen;
        },
      ] as const,
  ),
  raw("an empty Host", "RFC 9110 7.2", refusedOrHarmless, ({ request }) => request({ host: "" })),
  raw("HTTP/1.0 without Host", "RFC 9112 3.2", refusedOrHarmless, ({ request }) =>
    request({ host: null, version: "HTTP/1.0" }),
  ),
  field("obs-fold", "RFC 9112 5.2", "X-Folded: a\r\n b"),
  field("a folded Transfer-Encoding", "RFC 9112 5.2", "Transfer-Encoding:\r\n chunked"),
  field("NUL in a value", "RFC 9110 5.5 (MUST)", "X-Nul: a\0b"),
  field("a bare CR in a value", "RFC 9110 5.5 (MUST)", "X-Cr: a\rb"),
  field("a bare CR that would begin a field", "RFC 9110 5.5 (MUST)", "X-Cr: a\rX-Injected: 1"),
  field("a bare LF in a value", "RFC 9112 2.2", "X-Lf: a\nX-Injected: 1"),
  field("a field line without a colon", "RFC 9112 5", "NoColonHere"),
  field("a field with an empty name", "RFC 9110 5.1", ": value"),
  field("NUL in a field name", "RFC 9110 5.1", "X-N\0ul: 1"),
  field("a space in a field name", "RFC 9110 5.1", "X Space: 1"),
  field("a bracket in a field name", "RFC 9110 5.1", "X(Name): 1"),
  field("latin-1 in a field name", "RFC 9110 5.1", "X-Caf\xe9: 1"),
  field("a space before a colon", "RFC 9112 5.1 (MUST)", "X-Space : 1"),
  [
    "DEL and other control bytes in a value are refused or removed",
    "RFC 9110 5.5",
    async (context) => {
      const outcome = await answerTo(
        context,
        context.request({ fields: ["X-Del: a\x7fb", "X-Bell: a\x07b"] }),
      );
      check(
        !context.backend.requests.some(
          ({ head }) => head.text.includes("\x07") || head.text.includes("\x7f"),
        ),
        "the backend saw them",
      );
      return String(outcome);
    },
  ],
  raw("a space before the first field", "RFC 9112 2.2 (MUST)", refusedOrHarmless, ({ request }) =>
    request().replace("\r\n", "\r\n "),
  ),
  raw("bare LF for every line end", "RFC 9112 2.2", refusedOrHarmless, ({ request }) =>
    request().replaceAll("\r\n", "\n"),
  ),
  raw(
    "bare CR for every line end",
    "RFC 9112 2.2",
    refused,
    ({ request }) => `${request().replaceAll("\r\n", "\r")}\r\n\r\n`,
  ),
  raw(
    "an empty line before the request",
    "RFC 9112 2.2",
    refusedOrHarmless,
    ({ request }) => `\r\n${request()}`,
  ),
  raw("two spaces in the request line", "RFC 9112 3", refusedOrHarmless, ({ request }) =>
    request().replace(" ", "  "),
  ),
  raw("a tab in the request line", "RFC 9112 3", refusedOrHarmless, ({ request }) =>
    request().replace(" ", "\t"),
  ),
  raw("a space inside of the target", "RFC 9112 3.2", refused, ({ request, path }) =>
    request({ target: path("/a b") }),
  ),
  raw("NUL in the target", "RFC 3986", refused, ({ request, path }) =>
    request({ target: path("/a\0b") }),
  ),
  raw("a bare CR in the target", "RFC 3986", refused, ({ request, path }) =>
    request({ target: path("/a\rb") }),
  ),
  raw("HTTP/2.0 as the version", "RFC 9110 15.6.6", refused, ({ request }) =>
    request({ version: "HTTP/2.0" }),
  ),
  raw("HTTP/1.2 as the version", "RFC 9110 2.5", refusedOrHarmless, ({ request }) =>
    request({ version: "HTTP/1.2" }),
  ),
  ...["HTTP/1.10", "http/1.1", "HTTP/11", "HTTP/1.1x", "HTP/1.1", "HTTP/1"].map((version) =>
    raw(`${version} as the version`, "RFC 9112 2.3", refused, ({ request }) =>
      request({ version }),
    ),
  ),
  raw("HTTP/0.9", "choice: obsolete", refusedInBytes, ({ path }) => `GET ${path()}\r\n\r\n`),
  raw("the preface of HTTP/2", "choice", refusedInBytes, () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  raw(
    "a TLS handshake",
    "choice",
    refusedInBytes,
    () => "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
  ),
  raw("a request line of 2 MB", "RFC 9112 3", refused, ({ request, path }) =>
    request({ target: path(`/${"a".repeat(2_000_000)}`) }),
  ),
  raw("a field name of 2 MB", "RFC 6585 5", refused, ({ request }) =>
    request({ fields: [`${"x".repeat(2_000_000)}: 1`] }),
  ),
  raw("CONNECT", "choice: no tunnel", refused, ({ request }) =>
    request({ method: "CONNECT", target: "wire.test:443" }),
  ),
  raw("CONNECT with a path", "RFC 9112 3.2.3", refused, ({ request }) =>
    request({ method: "CONNECT" }),
  ),
  raw("TRACE", "choice: fields are not echoed", refused, ({ request }) =>
    request({ method: "TRACE" }),
  ),
  raw("a method with a bracket", "RFC 9110 9.1", refused, ({ request }) =>
    request({ method: "GE(T" }),
  ),
  ...["get", "BREW", "PURGE", "PROPFIND", "GETX"].map(
    (method) =>
      [
        `the method ${method} is refused, or reaches the backend as ${method}`,
        "RFC 9110 9.1",
        async (context: Context) => {
          const outcome = await refusedOrHarmless(context, context.request({ method }));
          const [seen] = context.backend.requests;
          if (seen !== undefined) same(seen.method, method, "method at the backend");
          return outcome;
        },
      ] as const,
  ),
  ...["BREW", "x-own", "TRACE", "!#$%&'*+-.^_`|~"].map(
    (method) =>
      [
        `the method ${method} gets an answer`,
        "RFC 9110 9.1",
        async ({ ask }: Context) => String((await ask({ method })).status),
      ] as const,
  ),
  ...["PATCH", "PUT", "DELETE", "OPTIONS", "QUERY"].map(
    (method) =>
      [
        `the method ${method} reaches the backend`,
        "RFC 9110 9",
        async ({ ask, backend }: Context) => {
          same((await ask({ method, fields: ["Content-Length: 0"] })).status, 200, "status");
          same(backend.requests[0]?.method, method, "method");
        },
      ] as const,
  ),
  [
    "an OPTIONS that may go no further is answered by the proxy",
    "RFC 9110 7.6.2 (MUST)",
    async ({ ask, backend }) => {
      const { status } = await ask({ method: "OPTIONS", fields: ["Max-Forwards: 0"] });
      same(backend.requests.length, 0, "requests at the backend");
      return String(status);
    },
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string>];
type Judge = (context: Context, bytes: string) => Promise<string>;

function raw(what: string, why: string, judge: Judge, bytes: (context: Context) => string): Row {
  const ending = judge === refusedOrHarmless ? "is refused or made plain" : "is refused";
  return [`${what} ${ending}`, why, (context) => judge(context, bytes(context))];
}

function field(what: string, why: string, line: string): Row {
  return [
    `${what} is refused or made plain`,
    why,
    (context) => refusedOrHarmless(context, context.request({ fields: [line, "X-Last: 1"] })),
  ];
}

// What is not HTTP/1 need not be answered in it.
async function refusedInBytes({ connect, backend }: Context, bytes: string): Promise<string> {
  const client = await connect();
  await client.send(bytes);
  const { bytes: answer } = await client.incoming.all();
  same(backend.requests.length, 0, "requests at the backend");
  return answer.toString("latin1").slice(0, 12) || "closed";
}
