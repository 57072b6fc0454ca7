import { type StaticDecode, Type } from "@sinclair/typebox";
import { fieldOf } from "../../http/field.ts";
import { TOKEN } from "../../http/fields.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import type { Checkable } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";

export const DEFAULT_SERVICE = "gateway";
export const DEFAULT_TIMEOUT_MS = 10_000;
const SHORTEST_MS = 10;
const LONGEST_MS = 60_000;

/** The keys of everything that is sent by OTLP. `path` is what is added to the URL. */
export const otlpKeys = (path: string) => ({
  otlp: Type.String({
    description: `The URL of a receiver of OTLP over HTTP, such as an OpenTelemetry Collector; \`${path}\` is added unless it ends in that.`,
    expected: "a URL, like http://127.0.0.1:4318",
  }),
  service: Type.String({
    description: "The `service.name` by which the receiver knows this gateway.",
    default: DEFAULT_SERVICE,
    minLength: 1,
    maxLength: 255,
    expected: "a name, like gateway",
  }),
  headers: Type.Record(
    Type.String(),
    Type.String({ isSecret: true, expected: 'a text, like "${file:/run/secrets/otlp}"' }),
    {
      description: "Fields of the requests to the receiver, like `authorization`.",
      default: {},
      expected: 'names and values, like { authorization: "${file:/run/secrets/otlp}" }',
    },
  ),
  timeout: Duration({
    description: `How long the receiver may take to accept a batch, from ${SHORTEST_MS}ms to ${LONGEST_MS / 1_000}s. It never delays requests.`,
    default: `${DEFAULT_TIMEOUT_MS / 1_000}s`,
  }),
});

const written = Type.Object(otlpKeys(""));

/** Where something is sent by OTLP, as written with all its keys. */
export type OtlpConfig = StaticDecode<typeof written>;

/** Finds URLs that nothing can be sent to, and fields that cannot be sent. */
export function checkOtlp({ otlp, headers, timeout }: Checkable<OtlpConfig>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (otlp !== undefined)
    issues.push(...urlIssues(otlp).map((issue) => ({ ...issue, path: ["otlp"] })));
  for (const [name, value] of Object.entries(headers ?? {})) {
    const message = value === undefined ? undefined : fieldProblem(name, value);
    if (message !== undefined) issues.push({ path: ["headers", name], message });
  }
  if (timeout !== undefined && (timeout < SHORTEST_MS || timeout > LONGEST_MS)) {
    const message = `the receiver may take from ${SHORTEST_MS}ms to ${LONGEST_MS / 1_000}s`;
    issues.push({ path: ["timeout"], message });
  }
  return issues;
}

const GRPC_PORT = "4317";

/** What is wrong with the URL of a receiver, or probably not meant. */
export function urlIssues(written: string): ConfigIssue[] {
  const url = URL.parse(written);
  const problem = url === null ? `\`${written}\` is not a URL` : urlProblem(url);
  if (problem !== undefined) {
    return [{ path: [], message: `${problem}; write one like http://127.0.0.1:4318` }];
  }
  if (url?.port !== GRPC_PORT) return [];
  const message =
    "4317 is usually the port for OTLP over gRPC, and this is OTLP over HTTP: its port is usually 4318";
  return [{ path: [], message, severity: "warning" }];
}

function urlProblem({ protocol, username, password, search, hash }: URL): string | undefined {
  if (protocol !== "http:" && protocol !== "https:") {
    return `OTLP is sent over http:// or https://, not ${protocol}`;
  }
  if (username !== "" || password !== "") {
    return "the URL contains a user or a password, which belong into `headers` as `authorization`";
  }
  return search === "" && hash === "" ? undefined : "the URL contains a query or a fragment";
}

/** The fields that belong to the content and the connection. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "transfer-encoding",
]);

function fieldProblem(name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return `\`${name}\` is not a field name; write one like authorization`;
  if (OWN_FIELDS.has(name.toLowerCase())) return `the gateway sets the field ${name} itself`;
  try {
    fieldOf(name, value);
    return undefined;
  } catch {
    return `the value of ${name} is not one line of text`;
  }
}

/** The URL that one kind of data is sent to; `path` is that kind's, like /v1/traces. */
export function endpointOf(base: string, path: string): string {
  const bare = base.replace(/\/+$/, "");
  return bare.endsWith(path) ? bare : bare + path;
}
