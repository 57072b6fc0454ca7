import { STATUS_CODES } from "node:http";

/** An error of the API, answered as application/problem+json (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  /** Seconds after which it is worth another try; undefined if it is not. */
  readonly retryAfter: number | undefined;
  /** Further members of the answer. */
  readonly members: object;

  constructor(status: number, detail: string, retryAfter?: number, members: object = {}) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
    this.members = members;
  }
}

/** The answer that tells of a problem. */
export function problemAnswer({ status, message, retryAfter, members }: ApiProblem): Response {
  const problem = { title: STATUS_CODES[status] ?? "Error", status, detail: message, ...members };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(status === 401 && { "www-authenticate": 'Bearer realm="gateway"' }),
    },
  });
}
