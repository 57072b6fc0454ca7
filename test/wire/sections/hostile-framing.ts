import { type Context, check, section } from "../case.ts";
import { refused, refusedOrHarmless } from "../refusal.ts";

const MUST_REJECT = "RFC 9112 6.3 (MUST)";
const CHUNKED = "Transfer-Encoding: chunked";

/** Lengths and encodings that two readers could read differently. */
export const hostileFraming = section("hostile framing", [
  [
    "Content-Length together with Transfer-Encoding hides no request",
    "RFC 9112 6.1, 11.2",
    (context) => {
      const hidden = `0\r\n\r\n${smuggled(context)}`;
      return refusedOrHarmless(
        context,
        post(context, [`Content-Length: ${hidden.length}`, CHUNKED], hidden),
      );
    },
  ],
  [
    "Transfer-Encoding before Content-Length hides no request",
    "RFC 9112 6.1, 11.2",
    (context) => {
      const hidden = `0\r\n\r\n${smuggled(context)}`;
      return refusedOrHarmless(
        context,
        post(context, [CHUNKED, `Content-Length: ${hidden.length}`], hidden),
      );
    },
  ],
  [
    "a short Content-Length together with chunks hides no request",
    "RFC 9112 6.1, 11.2",
    (context) => {
      const hidden = smuggled(context);
      const content = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
      return refusedOrHarmless(
        context,
        post(context, ["Content-Length: 4", CHUNKED], content),
        hidden,
      );
    },
  ],
  rejected("two Content-Length that differ", MUST_REJECT, [
    "Content-Length: 4",
    "Content-Length: 0",
  ]),
  rejected("a list of lengths that differ", MUST_REJECT, ["Content-Length: 4, 5"]),
  harmless("two Content-Length that agree", "RFC 9112 6.3", [
    "Content-Length: 4",
    "Content-Length: 4",
  ]),
  harmless("a list of lengths that agree", "RFC 9112 6.3", ["Content-Length: 4, 4"]),
  ...[
    "-4",
    "+4",
    "0x4",
    "4.0",
    "1e1",
    "4 4",
    "4;",
    "four",
    "4,",
    "\x0b4",
    "99999999999999999999999",
  ].map((length) =>
    rejected(`Content-Length: ${printable(length)}`, MUST_REJECT, [`Content-Length: ${length}`]),
  ),
  rejected("an empty Content-Length", MUST_REJECT, ["Content-Length:"]),
  harmless("Content-Length with leading zeros", "RFC 9110 8.6", ["Content-Length: 0004"]),
  ...[
    "xchunked",
    "chunked;x",
    '"chunked"',
    "chunked, identity",
    "identity",
    "chunked, chunked",
    "chunk",
    "chunked\0",
  ].map((coding) =>
    rejected(
      `Transfer-Encoding: ${printable(coding)}`,
      "RFC 9112 6.1, 6.3",
      [`Transfer-Encoding: ${coding}`],
      "4\r\nbody\r\n0\r\n\r\n",
    ),
  ),
  ...[
    ",chunked",
    "chunked,",
    " chunked",
    "chunked ",
    "CHUNKED",
    "\tchunked",
    "identity, chunked",
  ].map((coding) =>
    harmless(
      `Transfer-Encoding: ${printable(coding)}`,
      "RFC 9112 6.1, RFC 9110 5.6.1",
      [`Transfer-Encoding: ${coding}`],
      "4\r\nbody\r\n0\r\n\r\n",
    ),
  ),
  rejected(
    "Transfer-Encoding: \\x0bchunked",
    "RFC 9110 5.5",
    ["Transfer-Encoding: \x0bchunked"],
    "4\r\nbody\r\n0\r\n\r\n",
  ),
  rejected(
    "two Transfer-Encoding that differ",
    "RFC 9112 6.1",
    [CHUNKED, "Transfer-Encoding: identity"],
    "4\r\nbody\r\n0\r\n\r\n",
  ),
  [
    "Transfer-Encoding in HTTP/1.0 hides no request",
    "RFC 9112 6.1",
    (context) => {
      const content = `0\r\n\r\n${smuggled(context)}`;
      return refusedOrHarmless(
        context,
        context.request({ method: "POST", version: "HTTP/1.0", fields: [CHUNKED], content }),
      );
    },
  ],
  ...["Content-Length : 4", "Transfer-Encoding : chunked", "Content-Length\t: 4"].map((field) =>
    rejected(`space before a colon (${printable(field)})`, "RFC 9112 5.1 (MUST)", [field]),
  ),
  ...[
    "Content_Length: 4",
    "Transfer_Encoding: chunked",
    "Content-Length\x0b: 4",
    "Transfer-Encoding\0: chunked",
  ].map((field) => lookalike(field)),
  [
    "content of a GET is refused or stays content",
    "RFC 9110 9.3.1",
    (context) => {
      const content = smuggled(context);
      const fields = [`Content-Length: ${content.length}`];
      return refusedOrHarmless(context, context.request({ fields, content }));
    },
  ],
  [
    "content of a chunked GET is refused or stays content",
    "RFC 9110 9.3.1",
    (context) => {
      const hidden = smuggled(context);
      const content = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;
      return refusedOrHarmless(context, context.request({ fields: [CHUNKED], content }));
    },
  ],
  [
    "content of a HEAD is refused or stays content",
    "RFC 9110 9.3.2",
    (context) => {
      const content = smuggled(context);
      const fields = [`Content-Length: ${content.length}`];
      return refusedOrHarmless(context, context.request({ method: "HEAD", fields, content }));
    },
  ],
  [
    "content of an OPTIONS or DELETE arrives, or is refused",
    "RFC 9110 9.3.5, 9.3.7",
    async (context) => {
      const fields = ["Content-Length: 4"];
      return refusedOrHarmless(
        context,
        context.request({ method: "DELETE", fields, content: "body" }),
        "body",
      );
    },
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string>];

function rejected(what: string, why: string, fields: readonly string[], content = "body"): Row {
  return [`${what} is refused`, why, (context) => refused(context, post(context, fields, content))];
}

function harmless(what: string, why: string, fields: readonly string[], content = "body"): Row {
  return [
    `${what} is refused or made plain`,
    why,
    (context) => refusedOrHarmless(context, post(context, fields, content), "body"),
  ];
}

function lookalike(field: string): Row {
  return [
    `${printable(field)} is refused or dropped`,
    "choice: CGI and some backends read it as the real one",
    async (context) => {
      const outcome = await refusedOrHarmless(
        context,
        post(context, [field, "Content-Length: 4"], "body"),
      );
      const names = context.backend.requests.flatMap(({ head }) =>
        head.fields.map(([name]) => name),
      );
      const known = /^(?:content-length|transfer-encoding)$/i;
      const left = names.filter(
        (name) => /content.*length|transfer.*encoding/i.test(name) && !known.test(name),
      );
      check(left.length === 0, `the backend saw ${left.join(", ")}`);
      return outcome;
    },
  ];
}

function post({ request }: Context, fields: readonly string[], content: string): string {
  return request({ method: "POST", fields, content });
}

function smuggled({ request, path }: Context): string {
  return request({ target: path("/smuggled") });
}

function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
