/** Sends a request and hides nothing of the answer: no redirect is followed, nothing unpacked. */
export function ask(url: string, init: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(url, { redirect: "manual", decompress: false, proxy: NO_PROXY, ...init });
}

// The types know only a URL here; false is what switches proxying off.
const NO_PROXY = false as unknown as string;

/** Who answered, as the mock backends say. */
export async function serverOf(response: Response | Promise<Response>): Promise<string> {
  const { server } = (await (await response).json()) as { server: string };
  return server;
}

/** An error answer's content (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
}

/** Reads a problem and sees to it that its form is right. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`not a problem but ${type}`);
  const problem = (await response.json()) as Problem;
  if (problem.status !== response.status) throw new Error("status and content differ");
  if (problem.request_id !== response.headers.get("x-request-id")) {
    throw new Error("X-Request-Id and request_id differ");
  }
  return problem;
}
