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

/** Whether an answer's Upgrade field names protocols that the request's named as well, and no others. */
export function isUpgradeTo(answered: string | null, asked: string | undefined): boolean {
  if (answered === null || asked === undefined) return false;
  const offered = upgradeProtocols(asked.toLowerCase());
  const chosen = answered.toLowerCase().split(",");
  return chosen.every((protocol) => offered.includes(protocol.trim()));
}
