import { isIP } from "node:net";

const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?";
const NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);

/** Whether a text is an IP address or a name that DNS could have. */
export function isHostName(text: string): boolean {
  return isIP(text) !== 0 || (NAME.test(text) && text.length <= 253);
}

/** What is wrong with a text that is neither an address nor a host name, and what to write instead. */
export function hostProblem(host: string): string | undefined {
  if (isIP(host) !== 0) return undefined;
  if (/^[0-9]+(?:\.[0-9]+)+$/.test(host)) {
    return `\`${host}\` is not an address: an IPv4 address has four numbers from 0 to 255`;
  }
  if (/^[0-9]{1,5}$/.test(host)) {
    return `\`${host}\` is not an address; a port goes into \`server.port\``;
  }
  if (NAME.test(host) && host.length <= 253) return undefined;
  if (host === "*") return "every IPv4 address is `0.0.0.0`, every address `::`";
  const [, scheme, rest = host] = /^([a-z][a-z0-9+.-]*:)?\/\/([^/]*)/i.exec(host) ?? [];
  const [, name = "", port] = /^(\[[^\]]*\]|[^:]*):([0-9]{1,5})$/.exec(rest) ?? [undefined, rest];
  const plain = name.replace(/^\[(.*)\]$/, "$1").replace(/^\*$/, "0.0.0.0");
  if (plain === "" && port !== undefined) {
    return `\`${host}\` has no address; for every one, write \`host: 0.0.0.0\` and \`port: ${port}\``;
  }
  if (isIP(plain) === 0 && !NAME.test(plain)) {
    return `\`${host}\` is neither an address nor a host name, like 0.0.0.0, ::1 or gateway.local`;
  }
  if (port !== undefined) {
    const what = scheme === undefined ? "a port" : "a scheme and a port";
    return `\`${host}\` has ${what} in it; write \`host: ${plain}\` and \`port: ${port}\``;
  }
  return `\`${host}\` is not an address; write \`host: ${plain}\``;
}

/** What to write instead of an address without a port, or a port without an address. */
export function listenAdvice(written: string): string | undefined {
  const text = written.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
  if (/^:?[0-9]{1,5}$/.test(text)) return `write \`127.0.0.1:${text.replace(":", "")}\``;
  if (/^\*:[0-9]{1,5}$/.test(text)) return `write \`0.0.0.0${text.slice(1)}\``;
  if (isIP(text) === 6) return `it has no port; write \`[${text}]:9090\``;
  if (isIP(text) === 4 || NAME.test(text)) return `it has no port; write \`${text}:9090\``;
  return text === written ? undefined : `write \`${text}\``;
}
