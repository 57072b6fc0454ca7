import type { Field } from "../../http/field.ts";
import { Cancellation } from "../../pipeline/cancellation.ts";
import type { KeptFields } from "../../pipeline/decisions/decisions.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { IncomingContent } from "../../pipeline/incoming-content.ts";
import { type KeptContent, readKeptContent } from "../../pipeline/kept-content.ts";
import { REDACTED, type Redaction } from "../../pipeline/redaction.ts";
import { Beginning } from "../../policies/logging/beginning.ts";
import { keptContent } from "../../policies/logging/kept.ts";
import type { Clock } from "../../time/clock.ts";
import { Timeout } from "../../time/timeout.ts";
import { Attempt } from "../../transport/attempt.ts";
import { ConnectionPool } from "../../transport/pool.ts";
import type { ReplayedAnswer } from "./answer.ts";
import type { Sending } from "./sending.ts";

/** Bytes of an answer that are shown. */
const SHOWN = 65_536;
/** Bytes of an answer that are read. */
const MOST_READ = 16 * 2 ** 20;
/** Milliseconds for all of an answer, after its header section. */
const MOST_TIME = 60_000;

export interface SendServices {
  readonly clock: Clock;
  /** What must not be shown of the answer. */
  readonly redaction: Redaction;
}

/** Sends a request once, on a connection of its own, and reads the answer. Never rejects. */
export async function sendReplay(
  sending: Sending,
  { clock, redaction }: SendServices,
): Promise<ReplayedAnswer> {
  const pool = new ConnectionPool({ clock });
  const cancellation = new Cancellation();
  const started = clock.monotonic();
  const stop = clock.schedule(sending.timeout + MOST_TIME, () =>
    cancellation.cancel(
      new GatewayError(
        "exchange_timeout",
        `the answer took longer than ${sending.timeout + MOST_TIME} ms`,
      ),
    ),
  );
  const elapsed = () => Math.round((clock.monotonic() - started) * 1_000) / 1_000;
  try {
    const attempt = attemptFor(sending, cancellation, clock);
    const { status, fields, content } = await attempt.sendBy((one) => pool.send(one));
    const beginning = new Beginning(SHOWN);
    const failure = content === undefined ? undefined : await readTo(content, beginning);
    const shown = content === undefined ? null : contentOf(beginning, fields.list, redaction);
    return {
      status,
      error: failure?.code ?? "",
      message: failure?.message ?? "",
      duration_ms: elapsed(),
      bytes: content === undefined || beginning.isComplete ? beginning.bytes : -1,
      fields: shownFields(fields.list, redaction),
      content: shown,
    };
  } catch (error) {
    const { code, message } = asGatewayError(error);
    return {
      status: 0,
      error: code,
      message,
      duration_ms: elapsed(),
      bytes: 0,
      fields: null,
      content: null,
    };
  } finally {
    stop();
    // A connection that still carries something ends with it.
    cancellation.cancel(new GatewayError("client_closed", "the replay is over"));
    pool.close();
  }
}

function attemptFor(
  { to, method, target, fields, content, timeout: milliseconds }: Sending,
  cancellation: Cancellation,
  clock: Clock,
): Attempt {
  const timeout = new Timeout<Attempt>(clock, milliseconds, (attempt) =>
    attempt.timeIsUp("backend_timeout", `no answer within ${milliseconds} ms`),
  );
  return new Attempt(
    {
      backend: to.origin,
      to,
      method,
      target,
      fields,
      upgrade: undefined,
      body: content ?? null,
      bodySent: undefined,
      timeout,
      cancellation,
      from: NOBODY,
    },
    clock.monotonic(),
  );
}

const NOBODY = { clientConnection: undefined };

/** Reads content to its end, or as far as it is wanted. Returns why it broke off. */
async function readTo(
  content: IncomingContent,
  beginning: Beginning,
): Promise<GatewayError | undefined> {
  try {
    while (beginning.bytes < MOST_READ) {
      const { value } = await content.read();
      if (value === undefined) {
        beginning.end();
        return undefined;
      }
      beginning.see(value);
    }
    await content.cancel(new Error("it is longer than what is read"));
    return undefined;
  } catch (error) {
    return asGatewayError(error);
  }
}

function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GatewayError("backend_answer_incomplete", message, { cause: error });
}

function contentOf(
  beginning: Beginning,
  fields: readonly Field[],
  redaction: Redaction,
): KeptContent | null {
  const value = (wanted: string) => fields.find(({ name }) => name === wanted)?.value ?? null;
  const seen = {
    beginning,
    type: value("content-type"),
    coding: value("content-encoding"),
    limit: SHOWN,
  };
  return (
    readKeptContent(keptContent({ redaction, fields: NO_FIELDS }, seen, { binary: false })) ?? null
  );
}

const NO_FIELDS = { all: [] };

/** Fields of answers whose values are secrets. */
const SECRET: ReadonlySet<string> = new Set(["set-cookie", "authentication-info"]);

function shownFields(fields: readonly Field[], redaction: Redaction): KeptFields {
  return fields.map(({ name, value }) => [
    name,
    SECRET.has(name) || redaction.hides("header", name) ? REDACTED : redaction.text(value, []),
  ]);
}
