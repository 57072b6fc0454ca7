import { errorKinds, GatewayError } from "../../pipeline/errors.ts";
import { judgeGrpc, type PlainVerdict } from "./grpc-verdict.ts";
import type { ProbeAnswer, ProbeRequest } from "./probe.ts";

/** The page to check if none is configured. */
export const DEFAULT_PATH = "/health";

/** What a check requested. */
export interface Asked extends ProbeRequest {
  /** Whether the path was configured. */
  readonly isPathChosen: boolean;
}

/** The outcome of a check. */
export interface Verdict extends PlainVerdict {
  /** The backend is up and has no page at the default path. */
  readonly isPageMissing?: boolean;
}

const CHOOSE_PAGE = "set `health_check.path` to a page that answers 2xx";

/** Statuses that mean "no such page", and so that the server is up. */
const NO_SUCH_PAGE = new Set([404, 405, 501]);

/** Judges an answer: 2xx is a success, and so is "no such page" at the default path. */
export function judgeAnswer({ status, location, grpc }: ProbeAnswer, asked: Asked): Verdict {
  if (grpc !== undefined) return judgeGrpc(status, grpc, asked.grpcService ?? "");
  const reason = `answered ${status}`;
  if (status >= 200 && status <= 299) return { succeeded: true, reason };
  if (NO_SUCH_PAGE.has(status)) {
    return asked.isPathChosen
      ? {
          succeeded: false,
          reason,
          remedy: `if the service has no such page, ${CHOOSE_PAGE}`,
        }
      : { succeeded: true, reason, isPageMissing: true };
  }
  if (status >= 300 && status <= 399) return judgeRedirect(reason, location, asked);
  return { succeeded: false, reason, remedy: remedyFor(status, asked) };
}

function judgeRedirect(answered: string, location: string | undefined, asked: Asked): Verdict {
  const reason =
    location === undefined ? answered : `${answered} with Location ${JSON.stringify(location)}`;
  const { origin } = asked.to;
  const target = location === undefined ? null : URL.parse(location, origin + asked.path);
  const wantsTls =
    target?.protocol === "https:" && origin.startsWith("http:") && isSameHost(target, origin);
  return {
    succeeded: false,
    reason,
    remedy: wantsTls
      ? "redirects are not followed; if the backend is to be asked over TLS, write https:// in its URL"
      : `redirects are not followed; ${CHOOSE_PAGE}`,
  };
}

function isSameHost(target: URL, origin: string): boolean {
  return target.hostname === new URL(origin).hostname;
}

function remedyFor(status: number, { to }: Asked): string | undefined {
  switch (status) {
    case 400:
    case 421:
      return `some services answer this to an unknown Host (the check sends ${new URL(to.origin).host}) or to plain HTTP on a TLS port; correct the backend's URL, or ${CHOOSE_PAGE}`;
    case 401:
    case 403:
      return `checks send no credentials; ${CHOOSE_PAGE} without any`;
    case 429:
      return "the service limits how often it is asked; raise `health_check.interval`";
    default:
      return status >= 500 ? undefined : CHOOSE_PAGE;
  }
}

/** Judges a check that was not answered in time. `timeout` is in milliseconds. */
export function judgeSilence(timeout: number): Verdict {
  const duration = timeout < 1_000 ? `${timeout}ms` : `${timeout / 1_000}s`;
  return { succeeded: false, reason: `no answer within ${duration} (\`health_check.timeout\`)` };
}

/** The meaning of a failure, and the remedy: for all backends, or only for http or https ones. */
interface Failure {
  readonly reason: string;
  readonly remedy?: string;
  readonly http?: string;
  readonly https?: string;
}

const CLOSED: Failure = {
  reason: "the connection was closed before an answer",
  http: "if the backend speaks TLS, write https:// in its URL",
  https: "if the backend speaks plain HTTP, write http:// in its URL",
};

const FAILURES = new Map<string, Failure>(
  Object.entries({
    ECONNREFUSED: {
      reason: "connection refused",
      remedy: "is the service running, and is this its port?",
    },
    ECONNRESET: CLOSED,
    EPIPE: CLOSED,
    ENOTFOUND: {
      reason: "the host name could not be resolved",
      remedy: "is it spelled right, and does this machine's DNS know it?",
    },
    ENOENT: { reason: "the Unix socket does not exist", remedy: "is the service running?" },
    EACCES: {
      reason: "the gateway may not open the Unix socket",
      remedy: "give the gateway's user write permission on it",
    },
    ENETUNREACH: { reason: "no network leads to the backend" },
    EHOSTUNREACH: { reason: "no network leads to the backend" },
    ETIMEDOUT: { reason: "the backend does not answer connection attempts" },
    EPROTO: {
      reason: "the TLS handshake failed",
      https: "if the backend speaks plain HTTP, write http:// in its URL",
    },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      reason: "the certificate is for another name",
      remedy: "set `tls.server_name` of the route to the name in the certificate",
    },
    CERT_HAS_EXPIRED: { reason: "the certificate has expired" },
    backend_protocol_error: {
      reason: "the answer is not valid HTTP",
      remedy:
        "is this the port of an HTTP/1.1 service? For HTTP/2 and gRPC set `protocol: http2` of the route",
    },
  }),
);

/** Failures to open a connection, which a backend's egress proxy is then the one to blame for. */
const WHILE_DIALLING = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ETIMEDOUT",
]);

/** Judges the error of a probe; undefined if it says nothing about the backend. */
export function judgeFailure(error: unknown, { to }: Asked): Verdict | undefined {
  if (error instanceof GatewayError && errorKinds[error.code].source === "gateway")
    return undefined;
  if (!(error instanceof Error)) return { succeeded: false, reason: "the check itself failed" };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = FAILURES.get(code);
  if (known !== undefined && to.proxy !== undefined && WHILE_DIALLING.has(code)) {
    const reason = `the egress proxy ${new URL(to.proxy).host}: ${known.reason}`;
    return { succeeded: false, reason, remedy: "is it running, and is the route's `proxy` right?" };
  }
  if (known !== undefined) {
    const ofScheme = to.origin.startsWith("https:") ? known.https : known.http;
    return { succeeded: false, reason: known.reason, remedy: known.remedy ?? ofScheme };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return {
      succeeded: false,
      reason: `the certificate is not trusted (${error.message})`,
      remedy: "set `tls.ca` of the route to the authority's certificate",
    };
  }
  return { succeeded: false, reason: error.message };
}
