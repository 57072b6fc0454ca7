import { type TSchema, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { backendSchema, checkBackendUrl, checkProxyUrl } from "./backend-schema.ts";
import { balancerRegistry } from "./balancers/registry.ts";
import { balanceSchema } from "./balancers/schema.ts";
import { circuitBreaker } from "./breaker/schema.ts";
import { discoveryRegistry } from "./discovery/registry.ts";
import { staticList } from "./discovery/static.ts";
import { sticky } from "./sticky/schema.ts";
import { ejection } from "./ejection/schema.ts";
import { limitSections } from "./limits/schema.ts";

/** The sources under `discover`. */
const sources = discoveryRegistry.filter((source) => source !== staticList);

const backends = defineSection({
  schema: Type.Optional(
    Type.Array(backendSchema, {
      description: "The backends that requests go to, each according to its weight.",
      minItems: 1,
    }),
  ),
  check: checkBackends,
});

const discover = defineSection({
  schema: Type.Optional(
    Type.Object(
      Object.fromEntries(
        sources.map(({ key, schema }): [string, TSchema] => [key, Type.Optional(schema)]),
      ),
      {
        additionalProperties: false,
        description: "Where to discover backends, in addition to those listed.",
      },
    ),
  ),
});

const balance = defineSection({ schema: balanceSchema(balancerRegistry) });

const slowStart = defineSection({
  schema: Type.Optional(
    Duration({
      longestDays: 1,
      description:
        "Over how long a backend that is healthy again, or was added while the gateway runs, gets its weight: a tenth of it at first, then linearly more. For services that are slow until caches are full or code is compiled. By default a backend gets all of its weight at once.",
    }),
  ),
});

const protocol = defineSection({
  schema: Type.Union(
    [Type.Literal("http1"), Type.Literal("http2"), Type.Literal("http3"), Type.Literal("auto")],
    {
      default: "http1",
      description:
        "The version of HTTP that backends are asked in. `http2`: over TLS, or without TLS by prior knowledge (h2c); gRPC needs it. `http3`: https:// backends only. `auto`: over TLS, HTTP/2 if the backend chooses it in the handshake; otherwise HTTP/1.1. By default http1, which every backend speaks.",
      expected: "http1, http2, http3 or auto",
      advice: protocolAdvice,
    },
  ),
});

const proxy = defineSection({
  schema: Type.Optional(
    Type.Transform(
      Type.Union([Type.String(), Type.Literal(false)], {
        description:
          "The egress proxy through which backends are reached: http://, a host, a port, and optionally a user and a password. The proxy opens a tunnel (CONNECT) to backends with TLS or `protocol: http2`; other requests it gets with the backend's whole URL. `false`: none, under a default. The proxy variables of the environment (HTTP_PROXY and others) are ignored.",
        expected: "a proxy's URL, like http://egress:3128",
      }),
    )
      .Decode((written) => (written === false ? undefined : written))
      .Encode((url) => url ?? false),
  ),
  check: (written) => {
    const message = written === undefined ? undefined : checkProxyUrl(written);
    return message === undefined ? [] : [{ path: [], message }];
  },
});

const connectTimeout = defineSection({
  schema: Duration({
    default: "5s",
    description:
      "How long opening a connection to a backend may take, including name lookup and TLS handshake; then the request goes to another backend. 0 sets no limit. Long enough for two lost packets.",
  }),
});

const whenNoneHealthy = defineSection({
  schema: Type.Optional(
    Type.Union([Type.Literal("fail"), Type.Literal("try_all")], {
      impliedDefault: "fail",
      description:
        "What happens to requests while no backend is healthy. `fail`: they are answered 503 at once, which spares clients the wait. `try_all`: they are distributed over all backends, for checks that may be wrong about them.",
      expected: "fail or try_all",
    }),
  ),
});

/** `upstream` of a route. */
export const upstreamName = defineSection({
  schema: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "The name of the upstream, defined under `upstreams`, that the route's requests go to. In place of `backends` and the other keys of an upstream.",
      expected: "the name of one of the `upstreams`",
    }),
  ),
});

/** What upstreams can be called: not like a path, so that nobody takes one for a route. */
export const UPSTREAM_NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$";

/** The keys of an upstream. `discover` exists only if there are sources for it. */
export const upstreamSections = {
  backends,
  ...((sources.length === 0 ? {} : { discover }) as { readonly discover: typeof discover }),
  balance,
  sticky,
  slow_start: slowStart,
  protocol,
  proxy,
  connect_timeout: connectTimeout,
  ejection,
  when_none_healthy: whenNoneHealthy,
  circuit_breaker: circuitBreaker,
  ...limitSections,
};

/** What to write for names of protocols that other software has. */
function protocolAdvice(written: string): string | undefined {
  if (/^(?:h2c?|(?:http\/?)?2(?:\.0)?|grpcs?)$/i.test(written)) return "write `http2`";
  if (/^(?:h3|(?:http\/?)?3(?:\.0)?|quic)$/i.test(written)) return "write `http3`";
  return /^(?:https?|(?:http\/?)?1(?:\.[01])?|h1)$/i.test(written) ? "write `http1`" : undefined;
}

function checkBackends(
  written: readonly ({ readonly url?: string; readonly weight?: number } | undefined)[],
): ConfigIssue[] {
  const seen = new Set<string>();
  const issues: ConfigIssue[] = [];
  for (const [index, backend] of written.entries()) {
    if (backend?.url === undefined) continue;
    const { url } = backend;
    const message = seen.has(url)
      ? `\`${url}\` is already a backend here; raise its weight instead`
      : checkBackendUrl(url);
    seen.add(url);
    if (message !== undefined) issues.push({ path: [index, "url"], message });
  }
  const [only, ...others] = written;
  if (others.length === 0 && (only?.weight ?? 1) !== 1) {
    const message = "a weight has no effect on an only backend";
    issues.push({ path: [0, "weight"], message, severity: "warning" });
  }
  return issues;
}
