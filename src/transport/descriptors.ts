import { closeSync, openSync } from "node:fs";
import { GatewayError } from "../pipeline/errors.ts";

/**
 * What a failed connection means. The runtime reports one for which this process has no file
 * descriptor left as refused, and then it is not the backend that is at fault.
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
 * The lowest file descriptor that is free, about as many as are in use; undefined when this process,
 * or the system, has none left. Costs some 10 µs.
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

/** Whether this process can open so many files or sockets more. */
export function hasFreeDescriptors(count: number): boolean {
  const open: number[] = [];
  try {
    while (open.length < count) open.push(openAny());
    return true;
  } catch {
    return false;
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}
