/** A port that could not be opened, in words for the operator. */
export class ListenError extends Error {}

/** Opens a port. `key` is the configuration's key that chooses it. Throws a ListenError. */
export function openPort<Server>(address: string, key: string, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
    if (code === "EADDRINUSE") {
      throw new ListenError(
        `cannot listen on ${address}: another process has this port; stop it, or choose another port with \`${key}\``,
        { cause: error },
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ListenError(`cannot listen on ${address} (\`${key}\`): ${reason}`, { cause: error });
  }
}
