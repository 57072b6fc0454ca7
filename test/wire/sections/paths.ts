import { type Context, check, same, section } from "../case.ts";
import { escapesRoute } from "../strictness.ts";

/** Request targets: the matched path is the path sent, and no spelling leads out of the route. */
export const paths = section("paths", [
  ...[
    "/public/../admin",
    "/public/%2e%2e/admin",
    "/public/%2E%2E/admin",
    "/public/.%2e/admin",
    "/public/..%2fadmin",
    "/public/..%2Fadmin",
    "/public/%2e%2e%2fadmin",
    "/public/..\\admin",
    "/public/..%5cadmin",
    "/public/a/../../admin",
    "/public/a//../../admin",
    "/public/./../admin",
    "/public//../admin",
    "/public/../public/../admin",
    "/public/..//admin",
    "//admin/../public/../admin",
    "/public\\..\\admin",
    "/public%2f..%2fadmin",
    "/public/%2e%2e/%2e%2e/admin",
    "/public/..%00/admin",
  ].map((target) => guard(target)),
  [
    "/public/..;/admin is refused or kept, and is not /admin",
    "choice",
    async (context) => {
      const seen = await targetAtBackend(context, "/public/..;/admin");
      check(seen === undefined || seen.startsWith("/public/"), `the backend saw ${seen}`);
      return seen ?? "refused";
    },
  ],
  ...["/PUBLIC/x", "/public", "/publicx", "/%70ublic/../admin"].map(
    (target) =>
      [
        `${target} reaches nothing that /public/* does not lead to`,
        "choice",
        async (context: Context) => (await targetAtBackend(context, target)) ?? "not forwarded",
      ] as const,
  ),
  kept("/a%20b", "an escaped space"),
  kept("/a%C3%A9", "an escaped UTF-8 character"),
  kept("/a;v=1;w=2/b", "path parameters"),
  kept("/a:b@c!$&'()*+,=", "characters that need no escape"),
  kept("/~user/a.b-c_d", "unreserved characters"),
  kept("/trailing/", "a trailing slash"),
  kept("?a=1&b=%2F%2f&c=%00&&d=+%20", "the bytes of a query"),
  kept("?a=../..//%2e%2e&b=[x]|y", "a query that looks like a path"),
  kept(`?a='b'&c="<>\`{}|^[]`, "characters of a query that should be escaped"),
  kept("?a=caf\xc3\xa9&b=\xe9\xff", "bytes of a query outside ASCII"),
  kept("?a=%zz&b=%", "escapes of a query that are none"),
  kept("?", "an empty query", "/?$|/$"),
  kept("/p?a?b=c?d", "more question marks"),
  either("/a%2Fb", "an escaped slash", "/a%2Fb", "/a%2fb"),
  either("/a%5cb", "an escaped backslash", "/a%5cb", "/a%5Cb"),
  either("/a%252Fb", "a slash that is escaped twice", "/a%252Fb"),
  either("/caf\xe9", "a raw byte that is not UTF-8", "/caf\xe9", "/caf%E9"),
  either("/a//b", "two slashes", "/a//b", "/a/b"),
  either("/a/./b/../c", "dot segments", "/a/c", "/a/./b/../c"),
  either("/a\\b", "a backslash", "/a\\b", "/a/b", "/a%5Cb", "/a%5cb"),
  either("/a%00b", "an escaped NUL"),
  either("/a%zz", "a bad escape", "/a%zz", "/a%25zz"),
  either("/a%", "an unfinished escape", "/a%", "/a%25"),
  either("/a#b", "a fragment", "/a"),
  either("/caf\xc3\xa9", "raw UTF-8", "/caf\xc3\xa9", "/caf%C3%A9"),
  either('/a<b>"', "characters that should be escaped", '/a<b>"', "/a%3Cb%3E%22"),
  [
    "an absolute-form target with the Host of the field is understood",
    "RFC 9112 3.2.2 (MUST)",
    async (context) => {
      const seen = await targetAtBackend(context, `http://wire.test${context.path("/abs")}`);
      same(seen?.replace(/^http:\/\/wire\.test/, ""), context.path("/abs"), "target");
    },
  ],
  [
    "an absolute-form target with another authority is refused, or decides the Host",
    "RFC 9112 3.2.2 (MUST)",
    async (context) => {
      const seen = await targetAtBackend(context, `http://other.test${context.path()}`);
      if (seen === undefined) return "refused";
      same(context.backend.requests[0]?.head.all("host"), ["other.test"], "Host at the backend");
      return undefined;
    },
  ],
  [
    "an absolute-form target with user information is refused",
    "RFC 9110 4.2.4 (SHOULD)",
    async (context) => {
      const seen = await targetAtBackend(context, `http://user@wire.test${context.path()}`);
      check(seen === undefined, `the backend saw ${seen}`);
    },
  ],
  [
    "an absolute-form target without a host is refused",
    "RFC 9110 4.2.1 (MUST)",
    async (context) => {
      const seen = await targetAtBackend(context, `http:///public/${context.token}`);
      check(seen === undefined, `the backend saw ${seen}`);
    },
  ],
  [
    "OPTIONS of an asterisk is answered by the proxy itself",
    "RFC 9110 9.3.7",
    async (context) => {
      const { status } = await context.ask({ method: "OPTIONS", target: "*" });
      same(context.backend.requests.length, 0, "requests at the backend");
      check(status === 200 || status === 204, `status ${status}`);
      return String(status);
    },
  ],
  [
    "an asterisk is for OPTIONS only",
    "RFC 9112 3.2.4",
    async (context) => {
      const seen = await targetAtBackend(context, "*");
      check(seen === undefined, `the backend saw ${seen}`);
    },
  ],
  [
    "a target without a leading slash is refused",
    "RFC 9112 3.2",
    async (context) => {
      const seen = await targetAtBackend(context, `public/${context.token}`);
      check(seen === undefined, `the backend saw ${seen}`);
    },
  ],
  [
    "a target of 7000 characters gets through",
    "RFC 9112 3 (8000 RECOMMENDED)",
    async (context) => {
      const long = context.path(`/${"a".repeat(7000)}`);
      same((await targetAtBackend(context, long))?.length, long.length, "length");
    },
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string | undefined | void>];

/** The target that the backend saw; undefined when the proxy refused, or closed. */
async function targetAtBackend(context: Context, target: string): Promise<string | undefined> {
  const client = await context.connect();
  await client.send(context.request({ target, fields: ["Connection: close"] }));
  await client.incoming.all();
  const seen = context.backend.requests[0]?.target;
  if (seen !== undefined && escapesRoute(seen)) throw new Error(`the backend saw ${seen}`);
  return seen;
}

function guard(target: string): Row {
  return [
    `${target} does not lead out of /public/`,
    "choice: the matched path is the path sent",
    async (context) => (await targetAtBackend(context, target)) ?? "refused",
  ];
}

function kept(suffix: string, what: string, alternative?: string): Row {
  return [
    `${what} (${suffix}) reaches the backend as it was`,
    "RFC 9110 7.7, RFC 3986",
    async (context) => {
      const seen = await targetAtBackend(context, context.path(suffix));
      const rest = seen?.slice(context.path().length);
      if (alternative !== undefined && new RegExp(`^(?:${alternative})`).test(rest ?? "")) return;
      if (alternative !== undefined && rest === "") return;
      same(rest, suffix, "target");
    },
  ];
}

function either(suffix: string, what: string, ...forms: readonly string[]): Row {
  return [
    `${what} (${suffix}) is refused, or reaches the backend in ${forms.length === 0 ? "no" : "a known"} form`,
    "RFC 3986 6.2.2, choice",
    async (context) => {
      const seen = await targetAtBackend(context, context.path(suffix));
      if (seen === undefined) return "refused";
      const rest = seen.slice(context.path().length);
      check(forms.includes(rest), `the backend saw ${rest}`);
      return rest;
    },
  ];
}
