import { withoutBlanksAround } from "./blanks.ts";

/** What a traceparent field says of the trace that a request is part of (W3C Trace Context). */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them: the sender's span. */
  readonly parentId: string;
  /** Bits, of which only `SAMPLED` and `RANDOM` mean anything. */
  readonly flags: number;
}

/** Whether a field, whose name is in lower case, says which trace a request is part of. */
export function isTraceField(name: string): boolean {
  return name === "traceparent" || name === "tracestate";
}

/** The flag of a trace that its sender records. */
export const SAMPLED = 0x01;
/** The flag of a trace whose id has random digits at its end (Level 2). */
export const RANDOM = 0x02;

const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -+\--~]*)?$/;
const ZERO_TRACE = "0".repeat(32);
const ZERO_SPAN = "0".repeat(16);

/**
 * Reads a traceparent field, that of a later version too as far as it is like this one's. Undefined if it
 * is not valid; so are several fields, joined by ", ".
 */
export function parseTraceParent(field: string): TraceParent | undefined {
  const found = PARENT.exec(field);
  if (found === null) return undefined;
  const [, version, traceId = "", parentId = "", flags = "", rest] = found;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (traceId === ZERO_TRACE || parentId === ZERO_SPAN) return undefined;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) };
}

/** A traceparent field of version 00. `flags` is below 256. */
export function traceParent({ traceId, parentId, flags }: TraceParent): string {
  return `00-${traceId}-${parentId}-${flags < 16 ? "0" : ""}${flags.toString(16)}`;
}

/** More members make the whole list invalid. */
const MOST_MEMBERS = 32;
/** Characters that are passed on; longer lists lose members. */
const LONGEST_STATE = 512;
/** Members with more characters are lost first. */
const LONG_MEMBER = 128;

/** A key, of one system or of a tenant of one, and a value that does not end with a blank. */
const MEMBER =
  /^([a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * Reads tracestate, several fields joined by commas, and returns what is to be passed on of it: all members
 * in their order or, of more than 512 characters, as many as fit. Empty if it is not valid.
 */
export function parseTraceState(field: string): string {
  const members: string[] = [];
  const keys = new Set<string>();
  let length = -1;
  for (const written of field.split(",")) {
    const member = withoutBlanksAround(written);
    if (member === "") continue;
    const key = MEMBER.exec(member)?.[1];
    if (key === undefined || keys.has(key) || members.length === MOST_MEMBERS) return "";
    keys.add(key);
    members.push(member);
    length += member.length + 1;
  }
  if (length > LONGEST_STATE) shorten(members, length);
  return members.join(",");
}

/** Removes long members and, if that is not enough, others too, always the last one first. */
function shorten(members: string[], length: number): void {
  let left = length;
  for (const longest of [LONG_MEMBER, 0]) {
    for (let at = members.length - 1; at >= 0 && left > LONGEST_STATE; at -= 1) {
      const size = members[at]?.length ?? 0;
      if (size <= longest) continue;
      members.splice(at, 1);
      left -= size + 1;
    }
  }
}
