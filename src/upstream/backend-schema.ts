import { Type } from "@sinclair/typebox";
import { variableAdvice } from "../units/variable.ts";

const BackendUrl = Type.String({
  description:
    "The backend's address: http:// or https://, a host, and optionally a port and a base path.",
  expected: "a backend's URL, like http://localhost:9001",
});

const WeightedBackend = Type.Object(
  {
    url: BackendUrl,
    weight: Type.Integer({
      minimum: 1,
      maximum: 1_000,
      default: 1,
      description: "The backend's share of the requests, relative to the route's other backends.",
      expected: "a whole number from 1 to 1000",
    }),
    max_in_flight: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "At most this many requests of this route in flight at the backend. If all backends are at their limit, the answer is 503.",
      }),
    ),
  },
  { additionalProperties: false },
);

/** A backend, as the configuration has it or a discovery source reports it. */
export interface BackendConfig {
  readonly url: string;
  /** Its share of the requests, a whole number from 1 to 1000. */
  readonly weight: number;
  readonly max_in_flight?: number;
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
  if (/^(?:http\+)?unix:/i.test(url)) {
    return "Unix sockets are not supported yet; a backend is reached by http:// or https://";
  }
  const wanted = "a backend's URL begins with http:// or https://";
  const [, scheme = "", rest] = /^(?:(\w+):)?\/\/(.*)$/.exec(url) ?? [];
  const meant = SCHEMES[scheme.toLowerCase()];
  // A port alone is not a host name.
  const bare = /^:?[0-9]{1,5}$/.test(url) ? `localhost:${url.replace(":", "")}` : url;
  const candidate = rest === undefined ? `http://${bare}` : `${meant}//${rest}`;
  return isPlain(candidate)
    ? `${wanted}; write \`${candidate}\``
    : `${wanted}, like http://localhost:9001`;
}

/** The scheme for what other software writes; a WebSocket begins as an HTTP request. */
const SCHEMES: Readonly<Record<string, string>> = {
  "": "http:",
  tcp: "http:",
  ws: "http:",
  wss: "https:",
};

/** Why a backend's URL is invalid; undefined if it is valid. */
export function checkBackendUrl(url: string): string | undefined {
  if (/\S[\s,]+https?:/.test(url)) {
    return "several backends are a list, like [http://localhost:9001, http://localhost:9002]";
  }
  if (/[\s\\]/.test(url)) return "a backend's URL cannot have spaces or backslashes in it";
  if (isPlain(url)) return undefined;
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
