import type { CustomFetchOptions } from "oauth4webapi";
import { wholeContent } from "../../../../http/whole-content.ts";
import { durationText } from "../../../../units/duration.ts";
import { Slots } from "../../slots.ts";
import type { IssuerServices } from "./discovery.ts";
import { IssuerError } from "./issuer-error.ts";

/** An issuer's longest answer, in bytes: documents and key sets have some kilobytes. */
const LONGEST_ANSWER = 1_048_576;

/**
 * Requests to an issuer at a time, and how many more wait. The runtime has 256 under way for all purposes:
 * clients with made-up codes could take all of them while an issuer hangs, and nobody else could be asked
 * for anything.
 */
const AT_ONCE = 32;
const MOST_WAITING = 1_000;

type Ask = (
  url: string,
  options: CustomFetchOptions<string, URLSearchParams | undefined>,
) => Promise<Response>;

/** Asks an issuer, within a time limit for all of the answer, which is in memory then. */
export function issuerFetch(
  { fetch, clock, ca }: Pick<IssuerServices, "fetch" | "clock" | "ca">,
  timeoutMs: number,
): Ask {
  const slots = new Slots(AT_ONCE, MOST_WAITING);
  return async (url, { method, headers, body, redirect }) => {
    const controller = new AbortController();
    const cancel = clock.schedule(timeoutMs, () => {
      const message = `no answer within ${durationText(timeoutMs)}`;
      controller.abort(new IssuerError("unreachable", message));
    });
    const { signal } = controller;
    let isTaken = false;
    try {
      const turn = slots.take(signal);
      if (turn === false) throw new IssuerError("unreachable", "too many requests wait for it");
      if (turn !== undefined) await turn;
      isTaken = true;
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
      throw signal.aborted ? signal.reason : error;
    } finally {
      cancel();
      if (isTaken) slots.give();
    }
  };
}
