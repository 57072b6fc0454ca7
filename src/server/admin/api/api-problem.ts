import { STATUS_CODES } from "node:http";

/** An error of the API, answered as application/problem+json (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  /** Seconds after which it is worth another try; undefined if it is not. */
  readonly retryAfter: number | undefined;

  constructor(status: number, detail: string, retryAfter?: number) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The answer that tells of a problem. */
export function problemAnswer({ status, message, retryAfter }: ApiProblem): Response {
  const problem = { title: STATUS_CODES[status] ?? "Error", status, detail: message };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      ...(status === 401 && { "www-authenticate": 'Bearer realm="gateway"' }),
    },
  });
}
