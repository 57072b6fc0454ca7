import type { BackendRequest } from "../backend.ts";
import { type Context, check, same, section } from "../case.ts";

const OURS = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "X-Request-Id", "Via"] as const;

/** Fields on their way to the backend. */
export const requestFields = section("request fields", [
  [
    "ordinary fields arrive with their values as they were",
    "RFC 9110 7.6",
    async (context) => {
      const fields = ["Accept: text/html;q=0.9", "X-Odd: a  b\tc", "Cookie: a=1; b=2"];
      const { head } = await sent(context, fields);
      same(head.all("accept"), ["text/html;q=0.9"], "Accept");
      same(head.all("x-odd"), ["a  b\tc"], "X-Odd");
      same(head.all("cookie"), ["a=1; b=2"], "Cookie");
    },
  ],
  [
    "nothing is invented toward the backend but who forwards for whom",
    "choice",
    async (context) => {
      const { head } = await sent(context, ["User-Agent: wire", "Accept: */*"]);
      const known =
        /^(?:host|x-case|user-agent|accept|connection|x-forwarded-(?:for|proto|host|port)|forwarded|x-real-ip|x-request-id|via)$/i;
      same(
        names(head.fields).filter((name) => !known.test(name)),
        [],
        "invented fields",
      );
    },
  ],
  [
    "User-Agent is not invented",
    "RFC 9110 10.1.5",
    async (context) => same((await sent(context)).head.all("user-agent"), [], "User-Agent"),
  ],
  [
    "Accept is not invented",
    "RFC 9110 12.5.1",
    async (context) => same((await sent(context)).head.all("accept"), [], "Accept"),
  ],
  [
    "Accept-Encoding is not invented",
    "RFC 9110 12.5.3",
    async (context) => same((await sent(context)).head.all("accept-encoding"), [], "it"),
  ],
  [
    "Via names the proxy",
    "RFC 9110 7.6.3 (MUST)",
    async (context) => {
      const { head } = await sent(context, ["Via: 1.0 before"]);
      check(/1\.0 before, ?1\.1 \S+/.test(head.joined("via")), `Via: ${head.joined("via")}`);
    },
  ],
  [
    "Host is passed on as it was",
    "choice",
    async (context) => {
      const { head } = await sent(context);
      same(head.all("host"), ["wire.test"], "Host");
    },
  ],
  [
    "fields that Connection names are removed",
    "RFC 9110 7.6.1 (MUST)",
    async (context) => {
      const { head } = await sent(context, [
        "Connection: X-Secret, x-other",
        "X-Secret: 1",
        "X-Other: 2",
        "X-Kept: 3",
      ]);
      same(
        [head.has("x-secret"), head.has("x-other"), head.has("x-kept")],
        [false, false, true],
        "present",
      );
    },
  ],
  [
    "fields that a second Connection field names are removed",
    "RFC 9110 7.6.1 (MUST)",
    async (context) => {
      const { head } = await sent(context, [
        "Connection: keep-alive",
        "Connection: X-Secret",
        "X-Secret: 1",
      ]);
      same(head.has("x-secret"), false, "present");
    },
  ],
  ...OURS.map(
    (name) =>
      [
        `a Connection field that names ${name} cannot remove the proxy's own`,
        "choice: identity cannot be stripped",
        async (context: Context) => {
          const plain = await sent(context);
          if (!plain.head.has(name)) return "not sent by this proxy";
          const { head } = await sent(context, [`Connection: ${name}`]);
          check(head.has(name), "removed");
          return undefined;
        },
      ] as const,
  ),
  [
    "a Connection field that names Host cannot remove it",
    "choice: framing cannot be stripped",
    async (context) => {
      const seen = await sentOrRefused(context, { fields: ["Connection: Host"] });
      if (seen === undefined) return "refused";
      same(seen.head.all("host"), ["wire.test"], "Host");
      return undefined;
    },
  ],
  [
    "a Connection field that names Content-Length cannot unframe the content",
    "choice: framing cannot be stripped",
    async (context) => {
      const fields = ["Connection: Content-Length", "Content-Length: 4"];
      const seen = await sentOrRefused(context, { method: "POST", fields, content: "body" });
      if (seen === undefined) return "refused";
      same((await seen.content).bytes.toString(), "body", "content");
      return undefined;
    },
  ],
  ...["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "Upgrade: h2c", "TE: gzip"].map(
    (field) =>
      [
        `${field.slice(0, field.indexOf(":"))} goes no further than the proxy`,
        "RFC 9110 7.6.1",
        async (context: Context) => {
          const name = field.slice(0, field.indexOf(":"));
          const { head } = await sent(context, [field, `Connection: ${name}`]);
          same(head.all(name), [], name);
        },
      ] as const,
  ),
  [
    "hop-by-hop fields that Connection does not name go no further either",
    "RFC 9110 7.6.1",
    async (context) => {
      const { head } = await sent(context, [
        "Keep-Alive: timeout=5",
        "Proxy-Connection: x",
        "TE: gzip",
        "Upgrade: foo",
      ]);
      const left = ["keep-alive", "proxy-connection", "te", "upgrade"].filter((name) =>
        head.has(name),
      );
      same(left, [], "left");
    },
  ],
  [
    "latin-1 and UTF-8 bytes in values survive",
    "RFC 9110 5.5",
    async (context) => {
      const { head } = await sent(context, ["X-Latin: caf\xe9", "X-Utf: caf\xc3\xa9 \xe2\x82\xac"]);
      same(head.all("x-latin"), ["caf\xe9"], "latin-1");
      same(head.all("x-utf"), ["caf\xc3\xa9 \xe2\x82\xac"], "UTF-8");
    },
  ],
  [
    "an empty value stays an empty value",
    "RFC 9110 5.5",
    async (context) => same((await sent(context, ["X-Empty:"])).head.all("x-empty"), [""], "it"),
  ],
  [
    "repeated fields keep their order",
    "RFC 9110 5.3",
    async (context) => {
      const { head } = await sent(context, ["X-Many: 1", "X-Between: x", "X-Many: 2", "X-Many: 3"]);
      same(head.joined("x-many"), "1, 2, 3", "X-Many");
    },
  ],
  [
    "a header section of 2 MB is refused with 431 or 400",
    "RFC 6585 5",
    async (context) => tooMuch(context, [`X-Large: ${"a".repeat(2_000_000)}`]),
  ],
  [
    "60,000 fields are refused with 431 or 400",
    "RFC 6585 5",
    async (context) =>
      tooMuch(
        context,
        Array.from({ length: 60_000 }, (_, index) => `X-F${index}: ${index}`),
      ),
  ],
  [
    "90 fields and 7 KB of them get through",
    "RFC 9110 5.4",
    async (context) => {
      const fields = Array.from({ length: 90 }, (_, index) => `X-F${index}: ${"v".repeat(70)}`);
      const { head } = await sent(context, fields);
      same(head.fields.filter(([name]) => /^x-f[0-9]/i.test(name)).length, 90, "fields");
    },
  ],
]);

function names(fields: readonly (readonly [string, string])[]): string[] {
  return fields.map(([name]) => name.toLowerCase());
}

async function sent(context: Context, fields: readonly string[] = []): Promise<BackendRequest> {
  const came = context.backend.next();
  same((await context.ask({ fields })).status, 200, "status");
  return came;
}

async function sentOrRefused(
  { ask, backend }: Context,
  parts: { method?: string; fields: readonly string[]; content?: string },
): Promise<BackendRequest | undefined> {
  const { status } = await ask(parts);
  if (status >= 400) return undefined;
  return backend.requests[0];
}

async function tooMuch({ connect, request, backend }: Context, fields: string[]): Promise<string> {
  const client = await connect();
  void client.send(request({ fields }));
  const { bytes } = await client.incoming.all();
  const status = bytes.toString("latin1").slice(9, 12);
  same(backend.requests.length, 0, "requests at the backend");
  check(["431", "400", ""].includes(status), `answered ${status}`);
  return status === "" ? "closed" : status;
}
