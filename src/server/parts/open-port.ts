import { isIP } from "node:net";

/** A port that could not be opened; the message is for the operator. */
export class ListenError extends Error {}

/** Opens a port. `key` is the configuration's key that chooses it. Throws a ListenError. */
export function openPort<Server>(address: string, key: string, open: () => Server): Server {
  try {
    return open();
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
    const remedy = remedyFor(code, address, key);
    if (remedy !== undefined) {
      throw new ListenError(`cannot listen on ${address}: ${remedy}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ListenError(`cannot listen on ${address} (\`${key}\`): ${reason}`, { cause: error });
  }
}

function remedyFor(code: unknown, address: string, key: string): string | undefined {
  if (code === "EADDRINUSE" && isName(address)) {
    return `another process has this port, or the name is not one of this machine; write an address (\`${hostKey(key)}\`), or choose another port with \`${key}\``;
  }
  if (code === "EADDRINUSE") {
    return `another process has this port; stop it, or choose another port with \`${key}\``;
  }
  if (code === "EACCES" || code === "EPERM") {
    return `no permission; ports below 1024 need privileges: choose a higher one with \`${key}\`, or run \`sudo setcap cap_net_bind_service=+ep\` on the executable`;
  }
  if (code === "EADDRNOTAVAIL") {
    return `this machine does not have that address; 0.0.0.0 listens on all that it has (\`${hostKey(key)}\`)`;
  }
  if (code === "EINVAL" || code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `the host is not an address of this machine (\`${hostKey(key)}\`)`;
  }
  return undefined;
}

/** For a name that cannot be resolved, Bun reports a port in use. */
function isName(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return host !== "localhost" && isIP(host) === 0;
}

function hostKey(key: string): string {
  return key.startsWith("server.") ? "server.host" : key;
}
