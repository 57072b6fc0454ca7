/** A store's address, read from its URL. */
export interface StoreAddress {
  /** For the client, with the credentials. */
  readonly url: string;
  /** For messages, without them. */
  readonly name: string;
  readonly isEncrypted: boolean;
}

const PLAIN = new Set(["redis:", "valkey:"]);
const ENCRYPTED = new Set(["rediss:", "valkeys:"]);
const FORM = "redis://host:6379, rediss://user:password@host:6379/0 or unix:/run/redis.sock";

/** Reads a URL; returns what is wrong with it, without quoting it: it may hold a password. */
export function parseStoreAddress(written: string): StoreAddress | string {
  if (/^unix:/i.test(written)) return atSocket(written.slice("unix:".length).replace(/^\/\//, ""));
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return `write a URL, like ${FORM}`;
  if (!URL.canParse(written)) return `this is not a valid URL; write one like ${FORM}`;
  return ofUrl(new URL(written));
}

function ofUrl(url: URL): StoreAddress | string {
  const { protocol, username, password, hostname, pathname } = url;
  if (protocol === "redis+unix:") return ofSocketUrl(url);
  const isEncrypted = ENCRYPTED.has(protocol);
  if (!isEncrypted && !PLAIN.has(protocol)) return otherProtocol(protocol);
  if (hostname === "") return `the URL names no host; write one like ${FORM}`;
  if (hostname.includes(",")) return "one server is used: name one address";
  const problem = credentialsProblem(username, password) ?? restProblem(url);
  if (problem !== undefined) return problem;
  if (!/^\/?$|^\/[0-9]{1,5}$/.test(pathname)) {
    return "what follows the host is the number of a database, like /0";
  }
  const scheme = isEncrypted ? "rediss" : "redis";
  return { url: url.href, name: `${scheme}://${url.host}${pathname}`, isEncrypted };
}

/** "redis+unix://:password@localhost/run/redis.sock": the form for a socket that wants a password. */
function ofSocketUrl(url: URL): StoreAddress | string {
  const { username, password, pathname } = url;
  const problem = credentialsProblem(username, password) ?? restProblem(url);
  if (problem !== undefined) return problem;
  const socket = atSocket(decodeURIComponent(pathname));
  if (typeof socket === "string") return socket;
  if (password === "") return socket;
  return { ...socket, url: socket.url.replace("//", `//${username}:${password}@`) };
}

function atSocket(path: string): StoreAddress | string {
  if (!path.startsWith("/") || path.length < 2) {
    return "a socket is named by its whole path, like unix:/run/redis.sock";
  }
  // Its client takes no socket's URL without a host.
  return { url: `redis+unix://localhost${path}`, name: `unix:${path}`, isEncrypted: false };
}

function credentialsProblem(username: string, password: string): string | undefined {
  if (username !== "" && password === "") {
    return "a password comes after a colon: redis://:password@host or redis://user:password@host";
  }
  try {
    decodeURIComponent(username + password);
    return undefined;
  } catch {
    return "a % in user or password must be written %25";
  }
}

function restProblem({ search, hash }: URL): string | undefined {
  return search === "" && hash === ""
    ? undefined
    : "a URL here has no ?options and no #; in a password, write %3F and %23";
}

function otherProtocol(protocol: string): string {
  return /sentinel|cluster/.test(protocol)
    ? "Redis Sentinel and Cluster are not spoken; name one server, or an address that follows the primary"
    : `\`${protocol}//\` is not spoken; write a URL like ${FORM}`;
}
