import { Type } from "@sinclair/typebox";
import { variableAdvice } from "../units/variable.ts";
import { socketPathOf } from "./destination.ts";

const BackendUrl = Type.String({
  description:
    "The backend's address: http:// or https://, a host, and optionally a port and a base path; or unix: and the path of a Unix socket, like unix:/run/app.sock.",
  expected: "a backend's URL, like http://localhost:9001",
});

/** What labels can be called. */
const LABEL = "^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$";

const WeightedBackend = Type.Object(
  {
    url: BackendUrl,
    weight: Type.Integer({
      minimum: 1,
      maximum: 1_000,
      default: 1,
      description: "The backend's share of the requests, relative to the route's other backends.",
      expected: "a whole number from 1 to 1000",
      advice: weightAdvice,
    }),
    max_in_flight: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "At most this many requests of this route in flight at the backend. If all backends are at their limit, requests wait (`max_waiting`), or the answer is 503.",
      }),
    ),
    backup: Type.Optional(
      Type.Boolean({
        description:
          "Whether the backend gets requests only while no other one is healthy, and those that all others have failed.",
      }),
    ),
    labels: Type.Optional(
      Type.Record(
        Type.String({ pattern: LABEL }),
        Type.String({ maxLength: 256, expected: "text of at most 256 characters" }),
        {
          description:
            "Names and values for the operator, like `{ zone: a }`; /admin/backends shows them.",
          expected: "names with texts, like { zone: a }",
        },
      ),
    ),
  },
  { additionalProperties: false },
);

function weightAdvice(written: string): string | undefined {
  if (/^0+$/.test(written)) return "to send it no requests, comment it out";
  return /^[0-9]*\.[0-9]+$/.test(written)
    ? "weights are relative to each other: 1 and 2 for 0.5 and 1"
    : undefined;
}

/** A backend, as the configuration has it or a discovery source reports it. */
export interface BackendConfig {
  readonly url: string;
  /** Its share of the requests, a whole number from 1 to 1000. */
  readonly weight: number;
  readonly max_in_flight?: number;
  /** Whether it gets requests only while no other one is healthy. */
  readonly backup?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A backend in the configuration: a URL and a weight, or the URL alone. */
export const backendSchema = Type.Transform(
  Type.Union([BackendUrl, WeightedBackend], {
    description: "One address that the route's requests may go to.",
    expected: "a backend's URL, like http://localhost:9001, or {url, weight, max_in_flight}",
    advice: (written: string) =>
      /^[0-9]{1,5}$/.test(written) ? `write \`http://localhost:${written}\`` : undefined,
  }),
)
  .Decode((written): BackendConfig =>
    typeof written === "string" ? { url: written, weight: 1 } : written,
  )
  .Encode((backend) => backend);

const PLAIN =
  /^https?:\/\/(?!.*xn--)(?:[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*|127\.0\.0\.1|10(?:\.[1-9][0-9]?){3})(?::([0-9]{1,5}))?\/?$/i;

/** Whether a URL has a form that is always valid. Much faster than parsing it. */
function isPlain(url: string): boolean {
  const match = PLAIN.exec(url);
  if (match === null) return false;
  const [, port] = match;
  return port === undefined || (Number(port) > 0 && Number(port) <= 65_535);
}

/** What to say of a URL without http:// or https://. */
function schemeProblem(url: string): string {
  const socket = /^(?:https?\+)?unix:(.*)$/i.exec(url)?.[1];
  if (socket !== undefined) return unixProblem(decoded(socket));
  if (/^\/.*\.sock$/.test(url)) return unixProblem(url);
  const wanted = "a backend's URL begins with http:// or https://";
  const [, scheme = "", rest] = /^(?:(\w+):)?\/\/(.*)$/.exec(url) ?? [];
  const isHttp2 = /^(?:grpcs?|h2c?)$/i.test(scheme);
  const meant = SCHEMES[scheme.toLowerCase()];
  // A port alone is not a host name.
  const bare = /^:?[0-9]{1,5}$/.test(url) ? `localhost:${url.replace(":", "")}` : url;
  const candidate = rest === undefined ? `http://${bare}` : `${meant}//${rest}`;
  if (!isPlain(candidate)) return `${wanted}, like http://localhost:9001`;
  const version = isHttp2 ? ", and `protocol: http2` in the route" : "";
  return `${wanted}; write \`${candidate}\`${version}`;
}

/** A path as software writes it that puts it in the place of a host. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What to say of a URL that means a Unix socket, and is not written like unix:/run/app.sock. */
function unixProblem(rest: string): string {
  const path = `/${rest.replace(/^\/+/, "")}`;
  return rest.startsWith("/")
    ? `a Unix socket is written with lower-case unix: and its path; write \`unix:${path}\``
    : "the path of a Unix socket is absolute, like unix:/run/app.sock";
}

function socketPathProblem(path: string): string | undefined {
  if (/[?#]/.test(path)) return "the path of a Unix socket cannot have ? or # in it";
  if (path.endsWith("/")) return `${path} is a folder; a backend needs the path of a Unix socket`;
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return undefined;
  return `the path of a Unix socket is at most ${LONGEST_SOCKET_PATH} bytes long`;
}

/** Bytes; the system's own limit (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** Why the URL of an egress proxy is invalid; undefined if it is valid. */
export function checkProxyUrl(url: string): string | undefined {
  const wanted = "a proxy's URL is http://, a host and a port, like http://egress:3128";
  if (/[\s\\]/.test(url)) return wanted;
  if (/^socks/i.test(url)) return `SOCKS proxies are not supported; ${wanted}`;
  if (/^https:/i.test(url))
    return `proxies that are themselves spoken to over TLS are not supported; ${wanted}`;
  if (!/^http:\/\//i.test(url)) {
    return URL.canParse(`http://${url}`) ? `${wanted}; write \`http://${url}\`` : wanted;
  }
  const parsed = URL.parse(url);
  if (parsed === null || parsed.port === "0") return wanted;
  const { pathname, search, hash } = parsed;
  return pathname + search + hash === "/" ? undefined : `${wanted}; leave out what follows`;
}

/** The scheme for what other software writes; a WebSocket begins as an HTTP request. */
const SCHEMES: Readonly<Record<string, string>> = {
  "": "http:",
  tcp: "http:",
  ws: "http:",
  wss: "https:",
  grpc: "http:",
  h2c: "http:",
  grpcs: "https:",
  h2: "https:",
};

/** Why a backend's URL is invalid; undefined if it is valid. */
export function checkBackendUrl(url: string): string | undefined {
  if (/\S[\s,]+https?:/.test(url)) {
    return "several backends are a list, like [http://localhost:9001, http://localhost:9002]";
  }
  if (/[\s\\]/.test(url)) return "a backend's URL cannot have spaces or backslashes in it";
  if (isPlain(url)) return undefined;
  const socketPath = socketPathOf(url);
  if (socketPath !== undefined) return socketPathProblem(socketPath);
  // As nginx has it.
  const inHttp = /^https?:\/\/unix:(\/[^:]+)/i.exec(url)?.[1];
  if (inHttp !== undefined) return unixProblem(inHttp);
  const afterScheme = /^https?:\/\/(.*)$/i.exec(url)?.[1];
  if (afterScheme === undefined) {
    return variableAdvice(url) ?? schemeProblem(url);
  }
  if (url.includes("?")) return "a backend's URL cannot have a query; leave out ? and what follows";
  if (url.includes("#")) {
    return "a backend's URL cannot have a fragment; leave out # and what follows";
  }
  const [authority = ""] = afterScheme.split("/", 1);
  if (authority.includes("@")) {
    return "a backend's URL cannot have a user name or password; leave out @ and what precedes it";
  }
  if (authority === "" || authority.startsWith(":")) {
    return "a backend's URL needs a host, like http://localhost:9001";
  }
  const parsed = URL.parse(url);
  if (parsed === null || parsed.port === "0") {
    return `"${authority}" is not a host, or a host and a port from 1 to 65535`;
  }
  return undefined;
}
