import type { Fetch } from "../../../http/fetch.ts";
import { reasonOf } from "../../../http/fetch-reason.ts";
import { wholeContent } from "../../../http/whole-content.ts";

const MOST_REDIRECTS = 3;

/** Why something could not be fetched, as a clause for the operator. */
export class FetchProblem extends Error {
  override readonly name = "FetchProblem";
}

interface Limits {
  /** Bytes of the answer. */
  readonly longest: number;
  readonly signal: AbortSignal;
  /** Authorities to trust in place of the system's, in PEM. */
  readonly ca?: string | undefined;
}

/** An answer's text and fields. */
export interface Fetched {
  readonly text: string;
  readonly headers: Headers;
}

/**
 * Gets a document by GET. Redirects are followed, a few, but never from https to anything else. Throws a
 * FetchProblem unless the answer is a 200 that fits the limits.
 */
export async function fetchText(fetch: Fetch, url: string, limits: Limits): Promise<Fetched> {
  let at = url;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await ask(fetch, at, limits);
    const target = redirectOf(response, at);
    if (target === undefined)
      return { text: await read(response, limits), headers: response.headers };
    await response.body?.cancel();
    at = target;
  }
  throw new FetchProblem(`it redirects more than ${MOST_REDIRECTS} times`);
}

async function ask(fetch: Fetch, url: string, { signal, ca }: Limits): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { accept: "application/json", "accept-encoding": "identity" },
      redirect: "manual",
      // Otherwise a few bytes could become many before they are counted.
      decompress: false,
      signal,
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
  } catch (error) {
    throw new FetchProblem(reasonOf(error), { cause: error });
  }
}

/** Where an answer sends us; undefined if it is the final one. */
function redirectOf({ status, headers }: Response, from: string): string | undefined {
  const location = headers.get("location");
  if (!REDIRECTS.has(status) || location === null) return undefined;
  const target = URL.parse(location, from);
  const isKept = target?.protocol === new URL(from).protocol;
  if (target === null || (!isKept && target.protocol !== "https:")) {
    throw new FetchProblem("it redirects to something other than https");
  }
  if (target.username !== "" || target.password !== "") {
    throw new FetchProblem("it redirects to a URL with a password");
  }
  return target.href;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function read(response: Response, { longest }: Limits): Promise<string> {
  const { status, headers } = response;
  const coding = headers.get("content-encoding") ?? "identity";
  if (status !== 200 || coding !== "identity") {
    await response.body?.cancel();
    throw new FetchProblem(status === 200 ? `it answers in ${coding}` : `it answers ${status}`);
  }
  const content = await wholeContent(response, longest).catch((error: unknown) => {
    throw new FetchProblem(reasonOf(error), { cause: error });
  });
  if (content === undefined) throw new FetchProblem(`its answer is longer than ${longest} bytes`);
  return content.toString("utf8");
}
