import { printable } from "../units/printable.ts";
import { WrongReply } from "./scripts.ts";

const LONGEST = 200;

/**
 * What a server refuses everything with that matters here: a replica, without memory or permission, not
 * ready, busy with somebody's script, or a cluster in which other nodes have the keys. Older ones put it
 * into the middle of a script's error.
 */
const REFUSES_ALL =
  /\b(?:READONLY|OOM|NOPERM|NOAUTH|WRONGPASS|LOADING|MISCONF|BUSY|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|MOVED|CROSSSLOT)\b/;

const OF_A_CLUSTER = /^(?:MOVED|CROSSSLOT) /;

/** Whether an error says that the next call will fail in the same way. */
export function meansAway(error: unknown): boolean {
  return error instanceof WrongReply || (error instanceof Error && REFUSES_ALL.test(error.message));
}

/** An error's reason, for one line of the log. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Bun's client says this of a refused connection and of a name that does not exist.
  if (message === "Connection closed") return "it cannot be connected to";
  const text = printable(message);
  if (OF_A_CLUSTER.test(text)) return `${text} (in a Redis Cluster, all keys must be on one node)`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
