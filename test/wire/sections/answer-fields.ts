import { type Context, check, same, section } from "../case.ts";

/** Fields on their way to the client. */
export const answerFields = section("answer fields", [
  [
    "repeated Set-Cookie stay separate, in their order",
    "RFC 9110 5.3",
    async (context) => {
      const cookies = ["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "c=3"];
      const { head } = await answered(
        context,
        cookies.map((cookie) => `Set-Cookie: ${cookie}`),
      );
      same(head.all("set-cookie"), cookies, "Set-Cookie");
    },
  ],
  [
    "fields arrive each by itself, in their order and in the case of their names",
    "choice: as the backend sent them",
    async (context) => {
      const lines = ["X-B: 1", "x-a: 2", "X-B: 3", "LOCATION: /a", "Location: /b", 'eTag: "1"'];
      const { head } = await answered(context, lines);
      const own = /^(?:x-[ab]|location|etag)$/i;
      same(
        head.fields.filter(([name]) => own.test(name)).map((field) => field.join(": ")),
        lines,
        "fields",
      );
    },
  ],
  [
    "an empty Content-Type arrives once, and none is invented",
    "choice: as the backend sent them",
    async (context) => {
      same((await answered(context, ["Content-Type:"])).head.all("content-type"), [""], "empty");
      same((await answered(context, [])).head.all("content-type"), [], "absent");
    },
  ],
  [
    "fields that Connection names are removed",
    "RFC 9110 7.6.1 (MUST)",
    async (context) => {
      const { head } = await answered(context, ["Connection: X-Hop", "X-Hop: 1", "X-Kept: 2"]);
      same([head.has("x-hop"), head.has("x-kept")], [false, true], "present");
    },
  ],
  [
    "a Connection field that names Content-Length cannot unframe the answer",
    "choice: framing cannot be stripped",
    async (context) => {
      const answer = await answered(context, ["Connection: Content-Length"]);
      same([answer.bytes.toString(), answer.complete], ["ok", true], "content");
    },
  ],
  [
    "hop-by-hop fields of the backend's connection go no further",
    "RFC 9110 7.6.1",
    async (context) => {
      const { head } = await answered(context, [
        "Keep-Alive: timeout=77",
        "Proxy-Connection: x",
        "Upgrade: h2c",
      ]);
      same(head.joined("keep-alive").includes("77"), false, "Keep-Alive passed on");
      same([head.has("proxy-connection"), head.has("upgrade")], [false, false], "present");
    },
  ],
  [
    "latin-1 and UTF-8 bytes in values survive",
    "RFC 9110 5.5",
    async (context) => {
      const { head } = await answered(context, ["X-Latin: caf\xe9", "X-Utf: \xe2\x82\xac"]);
      same([head.all("x-latin"), head.all("x-utf")], [["caf\xe9"], ["\xe2\x82\xac"]], "values");
    },
  ],
  [
    "an empty value stays an empty value",
    "RFC 9110 5.5",
    async (context) =>
      same((await answered(context, ["X-Empty:"])).head.all("x-empty"), [""], "it"),
  ],
  [
    "repeated fields keep their order",
    "RFC 9110 5.3",
    async (context) => {
      const { head } = await answered(context, ["X-Many: 1", "X-Many: 2", "X-Many: 3"]);
      same(head.joined("x-many"), "1, 2, 3", "X-Many");
    },
  ],
  [
    "Date and Server of the backend are passed on",
    "RFC 9110 6.6.1",
    async (context) => {
      const date = "Tue, 15 Nov 1994 08:12:31 GMT";
      const { head } = await answered(context, [`Date: ${date}`]);
      same(head.all("date"), [date], "Date");
    },
  ],
  [
    "a Date that the backend left out is there once",
    "RFC 9110 6.6.1",
    async (context) =>
      same((await answered(context, [])).head.all("date").length, 1, "Date fields"),
  ],
  [
    "several WWW-Authenticate challenges arrive",
    "RFC 9110 11.6.1",
    async ({ ask, backend }) => {
      const fields = ['WWW-Authenticate: Basic realm="a"', 'WWW-Authenticate: Bearer realm="b"'];
      backend.script = (seen) => seen.answer("", fields, "401 Unauthorized");
      const answer = await ask();
      same(
        answer.head.joined("www-authenticate"),
        'Basic realm="a", Bearer realm="b"',
        "challenges",
      );
    },
  ],
  [
    "a redirect is the client's to follow, its Location untouched",
    "RFC 9110 10.2.2",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.answer("", ["Location: /else?a=%2f"], "302 Found");
      const answer = await ask();
      same([answer.status, answer.head.all("location")], [302, ["/else?a=%2f"]], "answer");
      same(backend.requests.length, 1, "requests at the backend");
    },
  ],
  [
    "CR and LF in a value of the backend cannot add a field",
    "RFC 9110 5.5",
    async (context) => {
      const { head } = await answered(context, ["X-A: b\rX-Injected: 1"]).catch(() => ({
        head: undefined,
      }));
      check(head === undefined || !head.has("x-injected"), "added");
    },
  ],
]);

function answered({ ask, backend }: Context, fields: readonly string[]) {
  backend.script = (seen) => seen.answer("ok", fields);
  return ask();
}
