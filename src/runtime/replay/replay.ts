import { redactedNames } from "../../config/redacted-names.ts";
import type { Config } from "../../config/schema.ts";
import { Redaction, USUAL_REDACTION } from "../../pipeline/redaction.ts";
import type { Clock } from "../../time/clock.ts";
import { type Differences, differencesOf, loggedAnswer, type ReplayedAnswer } from "./answer.ts";
import { type LogRow, readLoggedExchange } from "./logged-exchange.ts";
import { prepareReplay } from "./prepare.ts";
import { sendReplay } from "./send.ts";
import type { Wanted } from "./wanted.ts";

/** A request of the past, sent again, and both answers. */
export interface Replay {
  /** The row. */
  readonly id: number;
  readonly request: {
    readonly method: string;
    /** Where it was sent, with its target. */
    readonly url: string;
    /** Bytes of its content. */
    readonly bytes: number;
    /** What is not as it was, one sentence each. */
    readonly notes: readonly string[];
  };
  readonly logged: ReplayedAnswer;
  readonly replayed: ReplayedAnswer;
  readonly differences: Differences;
}

export interface ReplayServices {
  readonly clock: Clock;
  /** The configuration in force, whose settings for the backend count; undefined without one. */
  readonly config: Config | undefined;
}

/**
 * Sends the request of a row again, to its backend or elsewhere, not by way of the gateway. An answer that
 * does not come is part of the result.
 * @throws {ReplayError} if it cannot be sent
 */
export async function replay(
  row: LogRow,
  wanted: Wanted,
  { clock, config }: ReplayServices,
): Promise<Replay> {
  const logged = readLoggedExchange(row);
  const sending = prepareReplay(logged, wanted, config, clock);
  const redaction = config === undefined ? USUAL_REDACTION : new Redaction(redactedNames(config));
  const replayed = await sendReplay(sending, { clock, redaction });
  const before = loggedAnswer(logged);
  const { method, origin, target, content, notes } = sending;
  return {
    id: logged.id,
    request: {
      method,
      url: redactedUrl(origin, target, redaction),
      bytes: content?.length ?? 0,
      notes,
    },
    logged: before,
    replayed,
    differences: differencesOf(before, replayed),
  };
}

function redactedUrl(origin: string, target: string, redaction: Redaction): string {
  const question = target.indexOf("?");
  const path = question === -1 ? target : target.slice(0, question);
  const query = question === -1 ? "" : target.slice(question);
  return origin + redaction.path(path) + redaction.query(query);
}
