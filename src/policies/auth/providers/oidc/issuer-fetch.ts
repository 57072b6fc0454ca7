import type { CustomFetchOptions } from "oauth4webapi";
import { wholeContent } from "../../../../http/whole-content.ts";
import { durationText } from "../../../../units/duration.ts";
import type { IssuerServices } from "./discovery.ts";
import { IssuerError } from "./issuer-error.ts";

/** An issuer's longest answer, in bytes: documents and key sets have some kilobytes. */
const LONGEST_ANSWER = 1_048_576;

type Ask = (
  url: string,
  options: CustomFetchOptions<string, URLSearchParams | undefined>,
) => Promise<Response>;

/** Asks an issuer, within a time limit for all of the answer, which is in memory then. */
export function issuerFetch(
  { fetch, clock, ca }: Pick<IssuerServices, "fetch" | "clock" | "ca">,
  timeoutMs: number,
): Ask {
  return async (url, { method, headers, body, redirect }) => {
    const controller = new AbortController();
    const cancel = clock.schedule(timeoutMs, () => {
      const message = `no answer within ${durationText(timeoutMs)}`;
      controller.abort(new IssuerError("unreachable", message));
    });
    try {
      const { signal } = controller;
      const response = await fetch(url, {
        method,
        headers,
        redirect,
        signal,
        ...(body !== undefined && { body }),
        ...(ca !== undefined && { tls: { ca } }),
      });
      const content = await wholeContent(response, LONGEST_ANSWER);
      if (content === undefined) throw new IssuerError("invalid", "its answer is too long");
      const { status, statusText } = response;
      const answer = { status, statusText, headers: response.headers };
      return new Response(content.length === 0 ? null : content, answer);
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      cancel();
    }
  };
}
