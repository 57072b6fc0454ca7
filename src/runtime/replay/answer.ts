import type { KeptFields } from "../../pipeline/decisions/decisions.ts";
import type { KeptContent } from "../../pipeline/kept-content.ts";
import type { LoggedExchange } from "./logged-exchange.ts";

/** An answer, of the past or to a request that was sent again. */
export interface ReplayedAnswer {
  /** 0 without an answer. */
  readonly status: number;
  /** An error code; empty without one. */
  readonly error: string;
  /** What went wrong, for people; empty if nothing did. */
  readonly message: string;
  /** Milliseconds: in the log to the end of the answer at the client, otherwise to the end of what was read. */
  readonly duration_ms: number;
  /** Bytes of its content; -1 if it was not read to the end. */
  readonly bytes: number;
  /** Null if they were not kept. */
  readonly fields: KeptFields | null;
  /** The beginning; null if it was not kept, or there is none. */
  readonly content: KeptContent | null;
}

export function loggedAnswer(logged: LoggedExchange): ReplayedAnswer {
  return {
    status: logged.status,
    error: logged.errorCode,
    message: "",
    duration_ms: logged.durationMs,
    bytes: logged.bytesOut,
    fields: logged.answerFields ?? null,
    content: logged.answerContent ?? null,
  };
}

/** What differs between two answers. */
export interface Differences {
  readonly status: boolean;
  /** Names of fields that only one of them has, or whose values differ; empty if one is not known. */
  readonly fields: readonly {
    readonly name: string;
    readonly logged: string | null;
    readonly replayed: string | null;
  }[];
  /** Whether the contents differ, as far as both are known; null if one is not. */
  readonly content: boolean | null;
}

export function differencesOf(logged: ReplayedAnswer, replayed: ReplayedAnswer): Differences {
  return {
    status: logged.status !== replayed.status,
    fields: differentFields(logged.fields, replayed.fields),
    content: isDifferentContent(logged.content, replayed.content),
  };
}

/** Fields that each answer has a value of its own of, or that the gateway adds. */
const OF_EACH_ANSWER: ReadonlySet<string> = new Set(["date", "x-request-id", "via", "age"]);

function differentFields(
  logged: ReplayedAnswer["fields"],
  replayed: ReplayedAnswer["fields"],
): Differences["fields"] {
  if (logged === null || replayed === null) return [];
  const names = new Set([...logged, ...replayed].map(([name]) => name));
  return [...names].flatMap((name) => {
    if (name === "" || OF_EACH_ANSWER.has(name)) return [];
    const one = valueOf(logged, name);
    const other = valueOf(replayed, name);
    return one === other ? [] : [{ name, logged: one, replayed: other }];
  });
}

function valueOf(fields: KeptFields, wanted: string): string | null {
  const values = fields.flatMap(([name, value]) => (name === wanted ? [value] : []));
  return values.length === 0 ? null : values.join(", ");
}

/** A text that was cut is compared as far as it goes. */
function isDifferentContent(
  logged: KeptContent | null,
  replayed: KeptContent | null,
): boolean | null {
  const one = logged?.text ?? logged?.base64;
  const other = replayed?.text ?? replayed?.base64;
  if (one === undefined || other === undefined) return null;
  const length = Math.min(
    logged?.cut === true ? one.length : Infinity,
    replayed?.cut === true ? other.length : Infinity,
  );
  return one.slice(0, length) !== other.slice(0, length);
}
