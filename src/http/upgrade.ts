/** A protocol's name, perhaps with its version: "websocket", "HTTP/2.0". */
const PROTOCOL = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$/;

/** The valid protocols of an Upgrade field, in order (RFC 9110 section 7.8). */
export function upgradeProtocols(upgrade: string | null): string[] {
  if (upgrade === null) return [];
  return upgrade
    .split(",")
    .map((element) => element.trim())
    .filter((protocol) => PROTOCOL.test(protocol));
}

/**
 * Names of versions of HTTP and of what is below it. A connection that speaks them would carry requests
 * that nobody has checked.
 */
const BELOW: ReadonlySet<string> = new Set(["http", "https", "h2", "h2c", "h3", "tls", "ssl"]);

/** Whether a protocol is one that the gateway may not tunnel; in any case. */
export function isForbiddenUpgrade(protocol: string): boolean {
  return BELOW.has(nameOf(protocol.toLowerCase()));
}

/**
 * The protocols of an Upgrade field to which a backend may upgrade the connection, as a list; undefined
 * without any. `allowed`, in lower case, names them with or without a version; undefined allows all
 * that are not forbidden.
 */
export function allowedUpgrades(
  upgrade: string,
  allowed: ReadonlySet<string> | undefined,
): string | undefined {
  const protocols = upgradeProtocols(upgrade).filter((protocol) => {
    const known = protocol.toLowerCase();
    if (isForbiddenUpgrade(known)) return false;
    return allowed === undefined || allowed.has(known) || allowed.has(nameOf(known));
  });
  return protocols.length === 0 ? undefined : protocols.join(", ");
}

/** Whether a list of protocols has WebSocket in it (RFC 6455 section 11.2). */
export function namesWebSocket(upgrade: string | null | undefined): boolean {
  return upgradeProtocols(upgrade ?? null).some((name) => name.toLowerCase() === "websocket");
}

/** Whether a request's method and Upgrade field ask for a WebSocket. */
export function asksForWebSocket(method: string, upgrade: string | null): boolean {
  return upgrade !== null && method === "GET" && namesWebSocket(upgrade);
}

function nameOf(protocol: string): string {
  const slash = protocol.indexOf("/");
  return slash === -1 ? protocol : protocol.slice(0, slash);
}

/** Why a protocol cannot be listed for upgrades, for the operator; undefined if it can. */
export function upgradeProblem(protocol: string): string | undefined {
  if (!PROTOCOL.test(protocol))
    return `\`${protocol}\` is not a protocol's name; write one like websocket`;
  if (/^(?:wss?|websockets)$/i.test(protocol)) return "WebSocket's name is `websocket`; write that";
  return isForbiddenUpgrade(protocol)
    ? `the gateway cannot tunnel \`${protocol}\`: its requests would pass unchecked; leave it out`
    : undefined;
}

/** Whether an answer's Upgrade field names protocols that the request's named as well, and no others. */
export function isUpgradeTo(answered: string | null, asked: string | undefined): boolean {
  if (answered === null || asked === undefined) return false;
  const offered = upgradeProtocols(asked.toLowerCase());
  const chosen = answered.toLowerCase().split(",");
  return chosen.every((protocol) => offered.includes(protocol.trim()));
}
