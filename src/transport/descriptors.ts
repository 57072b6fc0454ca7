import { closeSync, openSync } from "node:fs";
import { GatewayError } from "../pipeline/errors.ts";

/**
 * The meaning of a failed connection. If this process has no file descriptor left, the runtime reports
 * the connection as refused, and the backend is not at fault.
 */
export function connectError(error: Error, open = openAny): Error {
  return freeDescriptor(open) === undefined ? new NoDescriptorsError(error) : error;
}

/** This process can open no further connection. */
export class NoDescriptorsError extends GatewayError {
  constructor(cause: unknown) {
    super("overloaded", "the gateway has no file descriptors left; raise the limit (ulimit -n)", {
      fields: { "retry-after": "1" },
      cause,
    });
  }
}

/**
 * The lowest free file descriptor, about as many as are in use; undefined if this process or the system
 * has none left. Costs about 10 µs.
 */
export function freeDescriptor(open = openAny): number | undefined {
  try {
    const descriptor = open();
    closeSync(descriptor);
    return descriptor;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "EMFILE" || code === "ENFILE" ? undefined : 0;
  }
}

function openAny(): number {
  return openSync("/", "r");
}

/** Whether this process can open that many more files or sockets. */
export function hasFreeDescriptors(count: number, open = openAny): boolean {
  const taken: number[] = [];
  try {
    while (taken.length < count) taken.push(open());
    return true;
  } catch {
    return false;
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
